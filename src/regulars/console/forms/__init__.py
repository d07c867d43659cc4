"""How every form of the console is made: fields read what people write, errors say the remedy."""

from regulars.console.forms.base import ConsoleForm
from regulars.console.forms.fields import (
    DayField,
    MoneyField,
    PercentField,
    PointsField,
    ReasonField,
)

__all__ = ["ConsoleForm", "DayField", "MoneyField", "PercentField", "PointsField", "ReasonField"]
