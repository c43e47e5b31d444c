"""The laws by which communities share: what is in force on a day, and formulas of some of them."""

from ._native import rules_colombia_month as colombia_month
from ._native import rules_italy_premium as italy_premium
from ._native import rules_on_day as rules_on
from ._native import rules_spain_coefficients as spain_coefficients
from ._native import rules_spain_compensate as spain_compensate

__all__ = ["colombia_month", "italy_premium", "rules_on", "spain_coefficients", "spain_compensate"]
