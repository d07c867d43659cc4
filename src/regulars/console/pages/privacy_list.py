"""The privacy desk: every request, those due last first."""

from datetime import datetime
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern, path, reverse
from django.utils.translation import gettext
from django.views.decorators.http import require_safe

from regulars.access import selectors as access
from regulars.console.domain.listings import Listing, Opened, Part, Reader
from regulars.console.domain.lists import (
    Cell,
    Choice,
    Column,
    Empty,
    Filter,
    ListRow,
    ListSpec,
    PageAction,
    read_state,
)
from regulars.console.pages.lists import draw_opened, reader_of
from regulars.kit.messages import message
from regulars.members import selectors as people
from regulars.members.domain import requests as desk
from regulars.members.domain.requests import PrivacyRequest, RequestState
from regulars.members.selectors import requests as selectors
from regulars.web.pages import page

STATES = {
    RequestState.OPEN: ("warn", message("to be checked")),
    RequestState.VERIFIED: ("info", message("being worked on")),
    RequestState.DONE: ("ok", message("answered")),
    RequestState.REFUSED: ("mute", message("refused")),
    RequestState.CANCELLED: ("mute", message("taken back")),
}
SPEC = ListSpec(
    name="privacy",
    url_name="console-privacy",
    title=message("Privacy desk"),
    purpose=message("What people ask about their data, and until when the answer is due."),
    columns=(
        Column("request", message("Request")),
        Column("kind", message("Asks for")),
        Column("member", message("Member")),
        Column("state", message("State")),
        Column("used", message("Time used")),
        Column("due", message("Due")),
        Column("opened", message("Taken at")),
        Column("who", message("Works on it")),
        Column("channel", message("How it came"), hidden=True),
        Column("closed", message("Closed at"), hidden=True),
    ),
    filters=(
        Filter("open", message("Only open ones"), kind="flag"),
        Filter(
            "kind",
            message("Asks for"),
            choices=tuple(Choice(kind.value, title) for kind, title in desk.KIND_TITLES.items()),
        ),
        Filter(
            "state",
            message("State"),
            choices=tuple(Choice(state.value, title) for state, (_, title) in STATES.items()),
        ),
    ),
    sort="-due",
    export="privacy",
    is_personal=True,
)


@page("privacy.manage")
@require_safe
def list_requests(request: HttpRequest) -> HttpResponse:
    """List requests, those due last first; open ones by the filter."""
    reader = reader_of(request)
    return draw_opened(
        request,
        _open(reader),
        reader,
        empty=Empty(
            gettext("Nobody has asked yet"),
            gettext("Take a request when somebody wants to see, copy, correct or delete."),
            (_new(),),
        ),
        actions=(_new(),),
    )


def _open(reader: Reader) -> Opened:
    state = read_state(SPEC, reader.params)

    def read(cursor: str | None, size: int) -> Part:
        found, after = selectors.list_requests(
            scope=reader.actor.scope_for("privacy.manage"),
            kind=state.filters.get("kind", ""),
            state=state.filters.get("state", ""),
            only_open=state.is_on("open"),
            cursor=cursor,
            limit=size,
        )
        numbers = people.list_numbers(member_ids=[each.member_id for each in found])
        names = access.names_of({each.assigned_to for each in found if each.assigned_to})
        return Part([_row(each, numbers, names, reader.at) for each in found], after)

    return Opened(state=state, read=read)


def _new() -> PageAction:
    return PageAction(
        gettext("Take a request"), reverse("console-privacy-new"), icon="plus", is_primary=True
    )


def _row(
    found: PrivacyRequest, numbers: dict[int, tuple[UUID, str]], names: dict[int, str], at: datetime
) -> ListRow:
    tone, title = STATES[found.state]
    used = min(found.used(at), 100)
    member = numbers.get(found.member_id)
    late = gettext("late") if found.is_late(at) else ""
    return ListRow(
        id=str(found.public_id),
        href=reverse("console-privacy-request", args=[found.public_id]),
        cells={
            "request": Cell.code(found.mark),
            "kind": Cell.text(gettext(desk.KIND_TITLES[found.kind])),
            "member": Cell.link(member[1], reverse("console-member", args=[member[0]]))
            if member
            else Cell.dash(),
            "state": Cell.status(tone, gettext(title)),  # type: ignore[arg-type]
            "used": Cell.status("bad", late) if late else Cell.progress(used, f"{used}%"),
            "due": Cell.day(found.due_at),
            "opened": Cell.moment(found.opened_at),
            "who": Cell.text(names.get(found.assigned_to or 0, "—")),
            "channel": Cell.text(gettext(desk.CHANNELS[found.channel])),
            "closed": Cell.moment(found.closed_at),
        },
        member_ids=(found.member_id,),
    )


LISTINGS = (Listing(spec=SPEC, permission="privacy.manage", open=_open),)
ROUTES: tuple[URLPattern, ...] = (path("console/privacy", list_requests, name="console-privacy"),)
