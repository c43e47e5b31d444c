"""Charts as SVG; a notebook shows them by itself, and ``chart.svg()`` is the text."""

from ._native import Chart
from ._native import chart_bill_parts as bill_parts
from ._native import chart_capacity_over_cycles as capacity_over_cycles
from ._native import chart_community_month as community_month
from ._native import chart_energy_day as energy_day
from ._native import chart_forecast as forecast
from ._native import chart_load_by_band as load_by_band
from ._native import chart_member_day as member_day
from ._native import chart_voltage_current as voltage_current

__all__ = [
    "Chart",
    "bill_parts",
    "capacity_over_cycles",
    "community_month",
    "energy_day",
    "forecast",
    "load_by_band",
    "member_day",
    "voltage_current",
]
