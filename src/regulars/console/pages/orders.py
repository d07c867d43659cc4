"""The page of one order."""

from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern, path
from django.views.decorators.http import require_safe

from regulars.console.pages.drawing import actor_of, draw, language_of, teller_of
from regulars.console.selectors import orders
from regulars.loyalty import selectors as loyalty
from regulars.web import clock
from regulars.web.pages import page


@page("orders.read")
@require_safe
def order(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """Show an order with its lines, amounts, refunds, and what it earned."""
    at, actor = clock.now(), actor_of(request)
    programme = loyalty.get_programme()
    found = orders.get_order(
        public_id=public_id,
        scope=actor.scope_for("orders.read"),
        members_scope=actor.scope_for("members.read"),
        at=at,
        programme=programme,
        teller=teller_of(programme, language=language_of(), at=at),
    )
    shows_awards = actor.may("points.read")
    context = {"order": found, "shows_awards": shows_awards, "now": at}
    return draw(request, "console/order.html", context, zone=programme.tz)


ROUTES: tuple[URLPattern, ...] = (
    path("console/orders/<uuid:public_id>", order, name="console-order"),
)
