"""Forms: what people write is read, what is wrong is said at its field."""

from datetime import date

import pytest
from django import forms
from django.http import QueryDict

from regulars.console.forms import ConsoleForm, DayField, MoneyField, PointsField, ReasonField
from regulars.kit.errors import Refusal
from regulars.kit.messages import message


class TooMuch(Refusal):
    """More than the limit."""

    reason = message("This page is too old. Open it again.")


class Adjust(ConsoleForm):
    amount = MoneyField(label="Amount", least=1, most=1_000_000)
    points = PointsField(label="Points", required=False, help_text="Whole points")
    on = DayField(label="Day", required=False, least=date(2026, 1, 1))
    reason = ReasonField({"goodwill": "Goodwill"})
    secret = forms.CharField(widget=forms.PasswordInput, required=False)


def filled(**said: str) -> Adjust:
    data = QueryDict(mutable=True)
    data.update({"amount": "1", "reason": "goodwill"} | said)
    return Adjust(data)


class TestReading:
    @pytest.mark.parametrize(
        ("text", "minor"),
        [("1,234.5", 123_450), ("１２．５", 1_250), ("¥99", 9_900), ("12元", 1_200)],
    )
    def test_reads_money_as_people_write_it(self, text: str, minor: int) -> None:
        form = filled(amount=text)

        assert form.is_valid(), form.errors
        assert form.cleaned_data["amount"] == minor

    @pytest.mark.parametrize("text", ["abc", "1.234", "-5", "0", "99999999"])
    def test_refuses_other_amounts_at_the_field(self, text: str) -> None:
        assert "amount" in filled(amount=text).errors

    @pytest.mark.parametrize(("text", "number"), [("1,200", 1_200), ("１２０", 120), ("+5", 5)])
    def test_reads_points(self, text: str, number: int) -> None:
        form = filled(points=text)

        assert form.is_valid(), form.errors
        assert form.cleaned_data["points"] == number

    @pytest.mark.parametrize("text", ["1.5", "ten", "0", "-3", "9" * 20])
    def test_refuses_other_points(self, text: str) -> None:
        assert "points" in filled(points=text).errors

    @pytest.mark.parametrize("text", ["2026-11-21", "2026/11/21", "２０２６-１１-２１"])
    def test_reads_days(self, text: str) -> None:
        form = filled(on=text)

        assert form.is_valid(), form.errors
        assert form.cleaned_data["on"] == date(2026, 11, 21)

    @pytest.mark.parametrize("text", ["2026-02-30", "tomorrow", "2025-12-31"])
    def test_refuses_other_days(self, text: str) -> None:
        assert "on" in filled(on=text).errors

    def test_takes_only_the_reasons_there_are(self) -> None:
        assert "reason" in filled(reason="because").errors


class TestDrawing:
    def test_ties_label_help_and_error_to_the_input(self) -> None:
        drawn = str(filled(points="ten"))

        assert '<label for="id_points">' in drawn
        assert 'id="id_points_helptext"' in drawn
        assert 'aria-describedby="id_points_helptext id_points_error"' in drawn
        assert 'aria-invalid="true"' in drawn

    def test_focuses_the_first_error(self) -> None:
        drawn = str(filled(points="ten", on="never"))

        assert drawn.count("autofocus") == 1
        assert "autofocus" in drawn.split('name="points"')[1].split(">", maxsplit=1)[0]

    def test_shows_the_unit_inside(self) -> None:
        assert "<span>yuan</span>" in str(filled()) or "<span>元</span>" in str(filled())

    def test_escapes_what_was_written(self) -> None:
        assert "<script>" not in str(filled(points="<script>alert(1)</script>"))


class TestRefuse:
    def test_says_a_refusal_at_its_field_or_above(self) -> None:
        form = filled()
        assert form.is_valid()

        form.refuse(TooMuch(), "points")
        form.refuse(TooMuch(), "nowhere")

        assert "points" in form.errors
        assert form.non_field_errors()

    def test_says_again_everything_but_secrets(self) -> None:
        said = filled(secret="hunter2", points="5").said()

        assert ("points", "5") in said
        assert "secret" not in dict(said)
