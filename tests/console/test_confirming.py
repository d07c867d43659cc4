"""Acts: a form, then what it will do, then done once."""

from collections.abc import Callable
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.http import HttpRequest
from django.test import RequestFactory
from django.utils import translation

from regulars.access.domain import Actor
from regulars.console.forms import ConsoleForm, PointsField
from regulars.console.pages import confirming
from regulars.console.pages.confirming import Act, Impact
from regulars.kit.errors import Refusal
from regulars.kit.messages import message
from regulars.web import clock

pytestmark = [pytest.mark.django_db, pytest.mark.capability("H1")]
VOID = Act(title="Void 3 coupons", verb="Void 3 coupons", danger=True, irreversible=True)
TYPED = Act(title="Erase", verb="Erase the member", danger=True, type_to_confirm="M0001")


class NotNow(Refusal):
    """The world says no."""

    reason = message("This page is too old. Open it again.")


class Points(ConsoleForm):
    points = PointsField(label="Points")


def posted(**said: str) -> HttpRequest:
    request = RequestFactory().post("/console/act", said)
    request.actor = Actor.system()  # type: ignore[attr-defined]
    return request


def confirm(request: HttpRequest, act: Act = VOID, **more: Any) -> str:
    given: dict[str, Any] = {"form": None, "impacts": [], "back_href": "/console/"}
    with translation.override("en"):
        return confirming.draw_confirm(request, act=act, **(given | more)).content.decode()


class TestSteps:
    def test_begin_with_a_form_and_show_before_they_do(self) -> None:
        assert confirming.step_of(RequestFactory().get("/")) == "form"
        assert confirming.step_of(posted()) == "preview"
        assert confirming.step_of(posted(step="do")) == "do"

    def test_carry_a_number(self) -> None:
        number = uuid4()

        assert confirming.act_id_of(posted(act_id=str(number))) == number
        with pytest.raises(confirming.ActMalformed):
            confirming.act_id_of(posted(act_id="7"))


class TestDrawConfirm:
    def test_says_verb_impact_and_that_there_is_no_way_back(self) -> None:
        impacts = [Impact("Balance", "500", "300", "bad"), Impact("Members", after="3")]

        page = confirm(posted(points="5"), impacts=impacts)

        assert page.count("Void 3 coupons") >= 3
        assert "cannot be taken back" in page
        assert "btn-danger" in page
        assert 'name="points" value="5"' in page
        assert 'class="btn" href="/console/" autofocus' in page
        assert UUID(page.split('name="act_id" value="')[1].split('"', maxsplit=1)[0])

    def test_says_again_only_what_the_form_knows(self) -> None:
        request = posted(points="5", other="x")
        form = Points(request.POST)

        page = confirm(request, form=form)

        assert 'name="points" value="5"' in page
        assert 'name="other"' not in page

    def test_shows_a_refusal_and_takes_a_new_number(self) -> None:
        number = str(uuid4())

        page = confirm(posted(act_id=number), refusal=NotNow())

        assert "too old" in page
        assert number not in page

    def test_asks_to_type(self) -> None:
        request = posted(step="do", typed="M1", act_id=str(uuid4()))
        with pytest.raises(confirming.TypedOtherwise) as no:
            confirming.check_typed(request, TYPED)

        page = confirm(request, TYPED, refusal=no.value)

        assert "Type exactly: M0001" in page
        assert 'name="typed"' in page
        assert request.POST["act_id"] in page
        confirming.check_typed(posted(typed=" M0001 "), TYPED)


class TestPerform:
    def test_does_it_once(self) -> None:
        calls: list[int] = []
        effect: Callable[[], dict[str, Any]] = lambda: calls.append(1) or {"id": len(calls)}  # type: ignore[func-returns-value]  # noqa: E731
        number, at = str(uuid4()), clock.now()

        first = confirming.perform(posted(act_id=number, points="5"), at=at, effect=effect)
        second = confirming.perform(posted(act_id=number, points="5"), at=at, effect=effect)

        assert (first, second, calls) == ({"id": 1}, {"id": 1}, [1])

    def test_refuses_one_number_for_two_acts(self) -> None:
        number, at = str(uuid4()), clock.now()
        confirming.perform(posted(act_id=number, points="5"), at=at, effect=dict)

        with pytest.raises(Refusal):
            confirming.perform(posted(act_id=number, points="6"), at=at, effect=dict)
