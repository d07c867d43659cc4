"""The approvals inbox: what waits for the reader, what they proposed, what was decided."""

from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import URLPattern, path, reverse
from django.utils.translation import gettext
from django.views.decorators.http import require_POST, require_safe

from regulars.access import selectors as access
from regulars.access import services
from regulars.access.domain import (
    APPROVAL_KINDS,
    DECIDE,
    Actor,
    Approval,
    ApprovalNotFound,
    ApprovalState,
    Names,
)
from regulars.console.domain.approving import OBJECTS, STATES
from regulars.console.domain.listings import Listing, Opened, Part, Reader
from regulars.console.domain.lists import (
    Cell,
    Choice,
    Column,
    Empty,
    Fact,
    Filter,
    ListRow,
    ListSpec,
    ListState,
    TabLink,
    read_state,
)
from regulars.console.domain.navigation import Crumb
from regulars.console.domain.wording import word
from regulars.console.forms.approving import DecisionForm
from regulars.console.pages.confirming import done, perform
from regulars.console.pages.drawing import actor_of, draw, house_zone
from regulars.console.pages.lists import draw_opened, reader_of
from regulars.console.selectors import proposals
from regulars.kit.errors import Refusal
from regulars.kit.messages import message
from regulars.web import clock, paging
from regulars.web.pages import page

READ_AT_ONCE = 200
VIEWS = (
    Choice("waiting", message("Waiting for me")),
    Choice("mine", message("Mine")),
    Choice("decided", message("Decided")),
)

SPEC = ListSpec(
    name="approvals",
    url_name="console-approvals",
    title=message("Approvals"),
    purpose=message("What one person proposes, another decides. It is done once, or not at all."),
    columns=(
        Column("what", message("What")),
        Column("state", message("State")),
        Column("size", message("Size"), numeric=True),
        Column("about", message("About")),
        Column("maker", message("Proposed by")),
        Column("proposed", message("Proposed at")),
        Column("until", message("Waits until")),
        Column("checker", message("Decided by"), hidden=True),
        Column("decided", message("Decided at"), hidden=True),
    ),
    filters=(
        Filter("show", message("Show"), choices=VIEWS),
        Filter(
            "kind",
            message("What"),
            choices=tuple(Choice(each.name, each.title) for each in APPROVAL_KINDS.values()),
        ),
    ),
    sort="-proposed",
    export="approvals",
)


@page("approvals.read")
@require_safe
def list_approvals(request: HttpRequest) -> HttpResponse:
    """List approvals: waiting for the reader, made by the reader, decided."""
    reader = reader_of(request)
    opened = _open(reader)
    view = _view(opened.state, reader.actor)
    return draw_opened(
        request,
        opened,
        reader,
        empty=_empty(view),
        tabs=_tabs(view, reader.actor, reader.at),
    )


def _open(reader: Reader) -> Opened:
    at, actor = reader.at, reader.actor
    state = read_state(SPEC, reader.params)

    def read(cursor: str | None, size: int) -> Part:
        found, after = _page(state, actor, at, cursor=cursor, size=size)
        names = access.names_in_use(
            staff_ids={each.maker_person_id for each in found}
            | {each.decided_by for each in found},
            key_ids={each.maker_id for each in found if each.maker_kind == "key"},
        )
        return Part([_row(each, names, at) for each in found], after)

    return Opened(state=state, read=read)


def _view(state: ListState, actor: Actor) -> str:
    return state.filters.get("show") or ("waiting" if actor.may(DECIDE) else "mine")


@page("approvals.read")
@require_safe
def show_approval(request: HttpRequest, approval_id: UUID) -> HttpResponse:
    """Show one approval: what it does, who said what, and the form that decides it."""
    return _shown(request, _found(request, approval_id), DecisionForm())


@page(DECIDE, step_up=True)
@require_POST
def decide(request: HttpRequest, approval_id: UUID) -> HttpResponse:
    """Say yes or no; a yes is done at once."""
    at, actor = clock.met(request), actor_of(request)
    approval = _found(request, approval_id)
    form = DecisionForm(request.POST)
    if not form.is_valid():
        return _shown(request, approval, form)
    said = form.cleaned_data

    def effect() -> dict[str, Any]:
        settled = services.approvals.decide(
            approval_id=approval.public_id,
            checker=actor,
            approve=said["verdict"] == "approve",
            note=said["note"] or None,
            note_key=proposals.note_key(approval) if said["note"] else None,
            seen_hash=bytes.fromhex(said["seen"]),
            at=at,
        )
        return {"state": settled.state.value}

    try:
        result = perform(request, at=at, effect=effect)
    except Refusal as no:
        form.refuse(no)
        return _shown(request, _found(request, approval_id), form)
    return _told(request, approval, ApprovalState(result["state"]))


@page("approvals.read")
@require_POST
def withdraw(request: HttpRequest, approval_id: UUID) -> HttpResponse:
    """Take one's own proposal back."""
    at, actor = clock.met(request), actor_of(request)
    approval = _found(request, approval_id)
    services.approvals.withdraw(approval_id=approval.public_id, actor=actor, at=at)
    href = reverse("console-approval", args=[approval.public_id])
    title = gettext(APPROVAL_KINDS[approval.kind].title)
    return done(request, gettext("Withdrawn."), href=href, title=title, to=href)


def _found(request: HttpRequest, approval_id: UUID) -> Approval:
    """Find an approval the reader may see; what they may not see is not there."""
    approval = access.get_approval(public_id=approval_id)
    if not services.approvals.may_see([approval], actor_of(request)):
        raise ApprovalNotFound
    return approval


def _page(
    state: ListState, actor: Actor, at: datetime, *, cursor: str | None, size: int
) -> tuple[list[Approval], str | None]:
    """Read one page of a view; what lies beyond the reader's reach is left out."""
    view = _view(state, actor)
    before = paging.decode_moment(cursor) if cursor else None
    kind = state.filters.get("kind")
    found = access.list_approvals(
        at=at,
        waiting={"waiting": True, "decided": False}.get(view),
        kinds=[kind] if kind else None,
        maker_person_id=actor.id if view == "mine" else None,
        but_maker=actor.id if view == "waiting" else None,
        before=before,
        limit=READ_AT_ONCE,
    )
    if view == "waiting":
        kept = services.approvals.within_reach(found, actor)
    else:
        kept = services.approvals.may_see(found, actor)
    shown = kept[:size]
    last = shown[-1] if len(kept) > size else None
    if last is None and len(found) == READ_AT_ONCE:
        last = found[-1]
    return shown, paging.encode(last.proposed_at.isoformat(), last.id) if last else None


def _tabs(view: str, actor: Actor, at: datetime) -> list[TabLink]:
    waiting = services.approvals.list_waiting_for(actor=actor, at=at, limit=READ_AT_ONCE)
    counts = {"waiting": len(waiting)}
    here = reverse("console-approvals")
    return [
        TabLink(
            gettext(each.title),
            f"{here}?show={each.code}",
            each.code == view,
            counts.get(each.code),
        )
        for each in VIEWS
        if each.code != "waiting" or actor.may(DECIDE)
    ]


def _row(approval: Approval, names: Names, at: datetime) -> ListRow:
    tone, label = STATES[approval.state_at(at).value]
    kind = APPROVAL_KINDS[approval.kind]
    return ListRow(
        id=str(approval.public_id),
        href=reverse("console-approval", args=[approval.public_id]),
        cells={
            "what": Cell.text(gettext(kind.title)),
            "state": Cell.status(tone, gettext(label)),
            "size": Cell.number(approval.size, gettext(kind.unit)),
            "about": Cell.text(gettext(word(OBJECTS, approval.object_kind))),
            "maker": Cell.text(_maker(approval, names)),
            "proposed": Cell.moment(approval.proposed_at),
            "until": Cell.moment(approval.expires_at),
            "checker": Cell.text(names.staff.get(approval.decided_by or 0, "")),
            "decided": Cell.moment(approval.decided_at),
        },
    )


def _maker(approval: Approval, names: Names) -> str:
    if approval.maker_kind == "key":
        name = names.keys.get(approval.maker_id, "")
        return gettext("API key {name}").format(name=name)
    return names.staff.get(approval.maker_id, "")


def _empty(view: str) -> Empty:
    match view:
        case "waiting":
            return Empty(
                gettext("Nothing waits for you"),
                gettext("Large corrections, exports, strong roles and keys of others come here."),
                icon="stamp",
            )
        case "mine":
            return Empty(
                gettext("You have proposed nothing"),
                gettext("What is above your limit is proposed here and decided by a colleague."),
                icon="stamp",
            )
        case _:
            return Empty(
                gettext("Nothing was decided yet"),
                gettext("Approved, rejected and expired proposals stay here for good."),
                icon="stamp",
            )


def _shown(request: HttpRequest, approval: Approval, form: DecisionForm) -> HttpResponse:
    at, actor, zone = clock.met(request), actor_of(request), house_zone()
    scope = actor.scope_for("members.read") | actor.scope_for(
        APPROVAL_KINDS[approval.kind].permission
    )
    told = proposals.read_proposal(approval, scope=scope, at=at, zone=zone)
    names = access.names_in_use(
        staff_ids=[approval.maker_person_id, approval.decided_by],
        key_ids=[approval.maker_id] if approval.maker_kind == "key" else [],
    )
    state = approval.state_at(at)
    waits, is_mine = state is ApprovalState.WAITING, approval.is_made_by(actor)
    reaches = bool(services.approvals.within_reach([approval], actor))
    tone, label = STATES[state.value]
    context = {
        "heading": told.title,
        "purpose": gettext("Proposed by %(name)s.") % {"name": _maker(approval, names)},
        "status": Cell.status(tone, gettext(label)),
        "crumbs": (Crumb(gettext("Approvals"), reverse("console-approvals")), Crumb(told.title)),
        "facts": _facts(approval, names, told.object_label),
        "proposal": told,
        "steps": proposals.read_steps(approval),
        "form": form,
        "act_id": uuid4(),
        "seen": approval.payload_hash.hex(),
        "approval": approval,
        "may_decide": waits and reaches and not is_mine,
        "is_mine": is_mine,
        "may_withdraw": waits and is_mine,
        "waits": waits,
        "deciders": proposals.read_deciders(approval, at=at) if waits else [],
        "refusal": _refusal(approval),
        "collect_href": _collect(approval, actor, at),
    }
    status = 422 if form.is_bound and not form.is_valid() else 200
    return draw(request, "console/approval.html", context, zone=zone, status=status)


def _facts(approval: Approval, names: Names, about: str) -> list[Fact]:
    unit = gettext(APPROVAL_KINDS[approval.kind].unit)
    checker = names.staff.get(approval.decided_by or 0, "")
    facts = [
        Fact(gettext("About"), about),
        Fact(gettext("Size"), f"{approval.size:,}", unit),
        Fact(gettext("Proposed by"), _maker(approval, names)),
    ]
    if checker:
        facts.append(Fact(gettext("Decided by"), checker))
    return facts


def _refusal(approval: Approval) -> str:
    """Say why what was approved could not be done."""
    outcome = approval.outcome or {}
    if approval.state is not ApprovalState.FAILED or "text" not in outcome:
        return ""
    return gettext(str(outcome["text"])).format(**outcome.get("facts", {}))


def _collect(approval: Approval, actor: Actor, at: datetime) -> str:
    """Lead the maker of an approved key to its secret, while that is to be had."""
    name = (approval.outcome or {}).get("key")
    if approval.kind != "key.create" or not name or approval.maker_person_id != actor.id:
        return ""
    key = access.get_key(name=str(name))
    return reverse("console-key-collect", args=[name]) if key.is_collectable(at) else ""


def _told(request: HttpRequest, approval: Approval, state: ApprovalState) -> HttpResponse:
    href = reverse("console-approval", args=[approval.public_id])
    title = gettext(APPROVAL_KINDS[approval.kind].title)
    match state:
        case ApprovalState.EXECUTED:
            return done(request, gettext("Approved and done."), href=href, title=title, to=href)
        case ApprovalState.REJECTED:
            return done(request, gettext("Rejected."), href=href, title=title, to=href)
        case _:
            kept = access.get_approval(public_id=approval.public_id)
            text = gettext("Approved, but it could not be done: %(reason)s")
            messages.error(request, text % {"reason": _refusal(kept)})
            return HttpResponseRedirect(href)


LISTINGS = (Listing(spec=SPEC, permission="approvals.read", open=_open),)
ROUTES: tuple[URLPattern, ...] = (
    path("console/approvals", list_approvals, name="console-approvals"),
    path("console/approvals/<uuid:approval_id>", show_approval, name="console-approval"),
    path("console/approvals/<uuid:approval_id>/decide", decide, name="console-approval-decide"),
    path(
        "console/approvals/<uuid:approval_id>/withdraw", withdraw, name="console-approval-withdraw"
    ),
)
