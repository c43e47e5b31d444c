"""Charts as SVG; a notebook shows them by itself, and ``chart.svg()`` is the text."""

from ._native import Chart
from ._native import chart_capacity_over_cycles as capacity_over_cycles
from ._native import chart_energy_day as energy_day
from ._native import chart_forecast as forecast
from ._native import chart_voltage_current as voltage_current

__all__ = ["Chart", "capacity_over_cycles", "energy_day", "forecast", "voltage_current"]
