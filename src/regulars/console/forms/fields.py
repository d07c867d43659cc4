"""Fields that read what people write: 1,234.50 元, digits of any width, points, days, reasons."""

import unicodedata
from collections.abc import Mapping
from datetime import date
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.functional import lazystr
from django.utils.translation import gettext, gettext_lazy

from regulars.kit.amounts import AMOUNT_MINOR_MAX, InvalidAmount, parse_amount, plain_amount
from regulars.web.problems import words

POINTS_MAX = 1_000_000_000
NOTE_LENGTH_MAX = 500


class MoneyField(forms.CharField):
    """An amount of money; answers integer minor units."""

    def __init__(
        self,
        *,
        currency: str = "CNY",
        least: int | None = 0,
        most: int = AMOUNT_MINOR_MAX,
        **kwargs: Any,
    ) -> None:
        self.currency, self.least, self.most = currency, least, most
        self.unit = gettext_lazy("yuan") if currency == "CNY" else lazystr(currency)
        kwargs.setdefault(
            "widget", forms.TextInput(attrs={"inputmode": "decimal", "class": "input num"})
        )
        super().__init__(max_length=40, **kwargs)

    def prepare_value(self, value: Any) -> Any:
        """Write minor units as people read them."""
        return plain_amount(value, self.currency) if isinstance(value, int) else value

    def clean(self, value: Any) -> Any:
        """Read an amount; the error says how to write one."""
        text = super().clean(value)
        if not text:
            return None
        try:
            minor = parse_amount(text, self.currency)
        except InvalidAmount as no:
            raise ValidationError(words(no)) from no
        _check(minor, self.least, self.most, lambda n: plain_amount(n, self.currency))
        return minor


class PointsField(forms.CharField):
    """A whole number of points, or of anything; answers an integer."""

    def __init__(
        self,
        *,
        least: int | None = 1,
        most: int = POINTS_MAX,
        unit: Any = None,
        **kwargs: Any,
    ) -> None:
        self.least, self.most = least, most
        self.unit = gettext_lazy("points") if unit is None else unit
        kwargs.setdefault(
            "widget", forms.TextInput(attrs={"inputmode": "numeric", "class": "input num"})
        )
        super().__init__(max_length=24, **kwargs)

    def clean(self, value: Any) -> Any:
        """Read a whole number with or without commas, in any width of digits."""
        text = super().clean(value)
        if not text:
            return None
        plain = unicodedata.normalize("NFKC", text).replace(",", "").replace(" ", "")
        plain = plain.replace("−", "-")
        digits = plain.removeprefix("-").removeprefix("+")
        if not (digits.isascii() and digits.isdigit()):
            raise ValidationError(gettext("Write a whole number, for example 1,200."))
        number = int(plain)
        _check(number, self.least, self.most, lambda n: f"{n:,}")
        return number


class PercentField(PointsField):
    """A share in whole percent."""

    def __init__(self, *, least: int = 0, most: int = 100, **kwargs: Any) -> None:
        super().__init__(least=least, most=most, unit=lazystr("%"), **kwargs)


class DayField(forms.DateField):
    """A day, written YYYY-MM-DD; the browser offers its calendar."""

    def __init__(
        self, *, least: date | None = None, most: date | None = None, **kwargs: Any
    ) -> None:
        self.least, self.most = least, most
        kwargs.setdefault(
            "widget", forms.DateInput(format="%Y-%m-%d", attrs={"type": "date", "class": "input"})
        )
        kwargs.setdefault("input_formats", ["%Y-%m-%d", "%Y/%m/%d", "%Y.%m.%d"])
        super().__init__(**kwargs)
        self.error_messages["invalid"] = gettext_lazy("Write a day as 2026-11-21.")

    def clean(self, value: Any) -> Any:
        """Read a day within its bounds."""
        text = unicodedata.normalize("NFKC", value).strip() if isinstance(value, str) else value
        day = super().clean(text)
        if day is not None and self.least is not None and day < self.least:
            raise ValidationError(
                gettext("Choose %(least)s or a later day.") % {"least": self.least}
            )
        if day is not None and self.most is not None and day > self.most:
            raise ValidationError(
                gettext("Choose %(most)s or an earlier day.") % {"most": self.most}
            )
        return day


class ReasonField(forms.ChoiceField):
    """A reason out of a list: codes with marked words, said in the reader's language."""

    def __init__(self, reasons: Mapping[str, str], **kwargs: Any) -> None:
        kwargs.setdefault("label", gettext_lazy("Reason"))
        choices = [(code, gettext_lazy(title)) for code, title in reasons.items()]
        super().__init__(choices=[("", gettext_lazy("Choose a reason")), *choices], **kwargs)


def _check(value: Any, least: Any, most: Any, write: Any) -> None:
    """Refuse what lies outside the bounds, and name them."""
    low = least is not None and value < least
    high = most is not None and value > most
    if not (low or high):
        return
    if least is None:
        raise ValidationError(gettext("Write at most %(most)s.") % {"most": write(most)})
    if most is None or low:
        raise ValidationError(gettext("Write at least %(least)s.") % {"least": write(least)})
    raise ValidationError(gettext("Write at most %(most)s.") % {"most": write(most)})
