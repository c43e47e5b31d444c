"""Charts; a notebook shows them by itself, ``chart.svg()`` is the text and ``chart.png()`` the picture."""

from ._native import Chart
from ._native import chart_battery_health as battery_health
from ._native import chart_bill_parts as bill_parts
from ._native import chart_capacity_over_cycles as capacity_over_cycles
from ._native import chart_community_month as community_month
from ._native import chart_depth_of_discharge as depth_of_discharge
from ._native import chart_energy_day as energy_day
from ._native import chart_forecast as forecast
from ._native import chart_incremental_capacity as incremental_capacity
from ._native import chart_load_by_band as load_by_band
from ._native import chart_member_day as member_day
from ._native import chart_state_of_charge as state_of_charge
from ._native import chart_voltage_current as voltage_current

__all__ = [
    "Chart",
    "battery_health",
    "bill_parts",
    "capacity_over_cycles",
    "community_month",
    "depth_of_discharge",
    "energy_day",
    "forecast",
    "incremental_capacity",
    "load_by_band",
    "member_day",
    "state_of_charge",
    "voltage_current",
]
