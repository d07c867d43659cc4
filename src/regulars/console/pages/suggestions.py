"""The queue of pairs that may be one person: compare and merge, say they are two, or put off."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern, path, reverse
from django.utils.translation import gettext, ngettext
from django.views.decorators.http import require_POST, require_safe

from regulars.access.domain import Actor, Scope
from regulars.console.domain import formatting, wording
from regulars.console.domain.listings import Listing, Opened, Part, Reader
from regulars.console.domain.lists import (
    Approximate,
    Bulk,
    Cell,
    Choice,
    Column,
    Empty,
    Filter,
    ListRow,
    ListSpec,
    RowAction,
    read_state,
)
from regulars.console.domain.navigation import Crumb
from regulars.console.pages.confirming import Act, Impact, Question, ask, done
from regulars.console.pages.drawing import actor_of, house_zone
from regulars.console.pages.lists import draw_opened, reader_of
from regulars.console.pages.selecting import IDS_MAX, read_selection
from regulars.kit.messages import message
from regulars.members import services
from regulars.members.domain import FIELDS, MemberRow, SuggestionNotFound
from regulars.members.domain.likeness import Confidence, Likeness, Suggested
from regulars.members.selectors import suggestions as queue
from regulars.web import clock
from regulars.web.pages import page
from regulars.web.seeking import Counted
from regulars.web.sentences import listed

PERMISSION = "members.merge"
WAITS = timedelta(days=30)
ID_DIGITS_MAX = 18
TONES = {Confidence.HIGH: "ok", Confidence.MEDIUM: "warn", Confidence.LOW: "mute"}
CONFIDENCES = {
    Confidence.HIGH: message("very likely one person"),
    Confidence.MEDIUM: message("perhaps one person"),
    Confidence.LOW: message("rather two people"),
}
SPEC = ListSpec(
    name="suggestions",
    url_name="console-suggestions",
    title=message("Merge suggestions"),
    purpose=message("Pairs of records that may be one person. Nothing is merged by itself."),
    columns=(
        Column("member", message("Member")),
        Column("other", message("Other record")),
        Column("reason", message("Why suggested")),
        Column("confidence", message("How alike")),
        Column("agree", message("Agree in")),
        Column("disagree", message("Differ in")),
        Column("suggested", message("Suggested"), sorts=False),
    ),
    filters=(
        Filter("reason", message("Why suggested")),
        Filter("waiting", message("Put off"), kind="flag"),
    ),
    sort="-suggested",
    export="suggestions",
    bulk=(
        Bulk(
            "later",
            message("Put off for 30 days"),
            "console-suggestions-later",
            PERMISSION,
            icon="clock",
        ),
        Bulk(
            "dismiss",
            message("Not the same person"),
            "console-suggestions-dismiss",
            PERMISSION,
            icon="user-x",
        ),
    ),
    is_personal=True,
)


@page(PERMISSION)
@require_safe
def list_suggestions(request: HttpRequest) -> HttpResponse:
    """List pairs within the reader's reach, newest first, with what speaks for one person."""
    reader = reader_of(request)
    return draw_opened(
        request,
        _open(reader),
        reader,
        empty=Empty(
            gettext("No pair waits"),
            gettext("When two records share a phone, an e-mail or a card, the pair appears here."),
            icon="git-merge",
        ),
    )


def _open(reader: Reader) -> Opened:
    state = read_state(_spec(), reader.params)
    asked: dict[str, Any] = {
        "scope": _scope(reader.actor),
        "at": reader.at,
        "reason": state.filters.get("reason", ""),
        "waiting": state.is_on("waiting"),
    }

    def read(cursor: str | None, size: int) -> Part:
        found, after = queue.list_queue(**asked, cursor=cursor, limit=size)
        ids = [each for one in found for each in (one.member_id, one.other_id)]
        cards, alike = queue.cards_of(member_ids=ids), queue.likenesses(suggestions=found)
        return Part([_row(one, cards, alike[one.id]) for one in found], after)

    return Opened(state=state, read=read, total=lambda: _total(queue.count_queue(**asked)))


def _spec() -> ListSpec:
    reasons = [f"{how}_{kind}" for how in ("shared", "second") for kind in wording.IDENTITY_KINDS]
    choices = [Choice(reason, _reason(reason), is_data=True) for reason in reasons]
    return SPEC.with_choices(reason=choices)


def _total(counted: Counted) -> int | Approximate:
    return counted.rows if counted.is_exact else Approximate(counted.rows)


def _row(one: Suggested, cards: dict[int, MemberRow], alike: Likeness) -> ListRow:
    member, other = cards[one.member_id], cards[one.other_id]
    compare = reverse("console-merge", args=[member.public_id, other.public_id])
    return ListRow(
        id=str(one.id),
        href=compare,
        cells={
            "member": _person(member),
            "other": _person(other),
            "reason": Cell.text(_reason(one.reason)),
            "confidence": Cell.status(
                TONES[alike.confidence],  # type: ignore[arg-type]
                gettext(CONFIDENCES[alike.confidence]),
            ),
            "agree": Cell.text(_fields(alike.agree)) if alike.agree else Cell.dash(),
            "disagree": Cell.text(_fields(alike.disagree)) if alike.disagree else Cell.dash(),
            "suggested": Cell.moment(one.suggested_at),
        },
        actions=(RowAction(gettext("Compare and merge"), compare, "git-merge"),),
        member_ids=(one.member_id, one.other_id),
    )


def _person(row: MemberRow) -> Cell:
    href = reverse("console-member", args=[row.public_id])
    sub = " · ".join(part for part in (row.phone, row.number) if part)
    return Cell.person(row.name or row.number, sub, href)


def _fields(fields: tuple[str, ...]) -> str:
    return listed(gettext(FIELDS[field].title) for field in fields)


def _reason(code: str) -> str:
    """Say why a pair was suggested: by an identity both used, or one that contradicts."""
    how, _, kind = code.partition("_")
    title = gettext(wording.IDENTITY_KINDS[kind][0]) if kind in wording.IDENTITY_KINDS else kind
    sentences = {
        "shared": gettext("both used the same %(kind)s"),
        "second": gettext("came with a second %(kind)s"),
    }
    return sentences[how] % {"kind": title} if how in sentences else code


@page(PERMISSION)
@require_POST
def dismiss(request: HttpRequest) -> HttpResponse:
    """Say of the chosen pairs that they are two people each; remembered for good."""

    def act(ids: Sequence[int], scope: Scope, at: datetime) -> int:
        return services.dismiss_suggestions(
            suggestion_ids=ids, scope=scope, at=at, actor=actor_of(request)
        )

    return _many(request, SPEC.bulk[1], act, after=gettext("two people; not suggested again"))


@page(PERMISSION)
@require_POST
def later(request: HttpRequest) -> HttpResponse:
    """Put the chosen pairs off; they come back by themselves."""

    def act(ids: Sequence[int], scope: Scope, at: datetime) -> int:
        return services.postpone_suggestions(
            suggestion_ids=ids, until=at + WAITS, scope=scope, at=at, actor=actor_of(request)
        )

    back = formatting.day(clock.met(request) + WAITS, zone=house_zone())
    return _many(request, SPEC.bulk[0], act, after=gettext("comes back on %(day)s") % {"day": back})


def _many(request: HttpRequest, bulk: Bulk, act: Any, *, after: str) -> HttpResponse:
    at, scope = clock.met(request), _scope(actor_of(request))
    ids, here = _chosen(request, scope, at=at), reverse("console-suggestions")

    def tell(result: dict[str, Any]) -> HttpResponse:
        told = ngettext("%(count)s pair done:", "%(count)s pairs done:", result["done"])
        text = told % {"count": result["done"]}
        return done(request, text, href=here, title=gettext(SPEC.title), to=here)

    count = ngettext("%(count)s pair", "%(count)s pairs", len(ids)) % {"count": len(ids)}
    question = Question(
        act=Act(f"{gettext(bulk.title)}: {count}", f"{gettext(bulk.title)}: {count}"),
        impacts=(
            Impact(count, gettext("open"), after),
            Impact(gettext("Can it be taken back?"), after=_undo(bulk)),
        ),
        effect=lambda: {"done": act(ids, scope, at)},
        after=tell,
        back_href=here,
        crumbs=(Crumb(gettext(SPEC.title), here),),
    )
    return ask(request, question, at=at)


def _undo(bulk: Bulk) -> str:
    if bulk.code == "later":
        return gettext("yes, under the filter “Put off”")
    return gettext("no; but both records can still be merged by hand")


def _chosen(request: HttpRequest, scope: Scope, *, at: datetime) -> list[int]:
    """Answer which suggestions are meant, within the reader's reach; raises SuggestionNotFound."""
    chosen = read_selection(request, _spec())
    if chosen.everything:
        found, _ = queue.list_queue(
            scope=scope,
            at=at,
            reason=chosen.state.filters.get("reason", ""),
            waiting=chosen.state.is_on("waiting"),
            limit=IDS_MAX,
        )
        return [one.id for one in found]
    named = [int(n) for n in chosen.ids if n.isascii() and n.isdigit() and len(n) <= ID_DIGITS_MAX]
    within = queue.suggestions_by_id(suggestion_ids=named, scope=scope)
    if not within and request.POST.get("step") != "do":
        raise SuggestionNotFound
    return [one.id for one in within]


def _scope(actor: Actor) -> Scope:
    return actor.scope_for(PERMISSION) & actor.scope_for("members.read")


LISTINGS = (Listing(spec=SPEC, permission=PERMISSION, open=_open),)
ROUTES: tuple[URLPattern, ...] = (
    path("console/suggestions", list_suggestions, name="console-suggestions"),
    path("console/suggestions/dismiss", dismiss, name="console-suggestions-dismiss"),
    path("console/suggestions/later", later, name="console-suggestions-later"),
)
