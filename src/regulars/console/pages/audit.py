"""The audit log: who did what, when, to what, with which result; and whether the log is whole."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import URLPattern, path, reverse
from django.utils.translation import gettext
from django.views.decorators.http import require_POST, require_safe

from regulars.access import selectors as access
from regulars.access import services
from regulars.access.domain import Actor, KeptEntry, Names
from regulars.console.domain import wording
from regulars.console.domain.approving import OBJECTS
from regulars.console.domain.audit_list import AUDIT
from regulars.console.domain.auditing import ACTIONS, PROBLEMS, RESULTS
from regulars.console.domain.lists import (
    Approximate,
    Cell,
    Choice,
    Empty,
    Fact,
    ListRow,
    ListState,
    read_state,
)
from regulars.console.domain.navigation import Crumb
from regulars.console.domain.wording import word
from regulars.console.pages.confirming import done
from regulars.console.pages.drawing import actor_of, draw, house_zone
from regulars.console.pages.lists import draw_list
from regulars.console.pages.sections import house_page
from regulars.console.selectors import auditing
from regulars.console.selectors.auditing import Asked
from regulars.console.services import notes
from regulars.kit.messages import message
from regulars.kit.progress import Progress, ProgressState
from regulars.members.domain import ReasonMissing
from regulars.web import clock, paging, progress

READ = "audit.read"
CHECK = "audit_check"
COUNTED_MAX = 10_000
PEOPLE_MAX = 200


@dataclass(frozen=True, slots=True)
class LastCheck:
    """What the last check of the chain said, for the line above the list."""

    tone: str
    words: str
    at: datetime | None = None
    href: str = ""
    is_running: bool = False


@house_page(READ)
@require_safe
def list_entries(request: HttpRequest) -> HttpResponse:
    """List entries, newest first, narrowed by who, what, result, object and time."""
    at, zone = clock.met(request), house_zone()
    spec = AUDIT.with_choices(actor=_people(), action=_actions())
    state = read_state(spec, request.GET.dict())
    asked = _asked(state, at, zone)
    before = paging.decode_moment(state.cursor) if state.cursor else None
    found = access.list_audit(
        before=before,
        limit=state.size + 1,
        **asked.as_filters(),
    )
    shown = found[: state.size]
    last = shown[-1] if len(found) > state.size else None
    count = access.count_audit(at_most=COUNTED_MAX + 1, **asked.countable())
    total: int | Approximate = count if count <= COUNTED_MAX else Approximate(COUNTED_MAX)
    return draw_list(
        request,
        spec,
        state,
        _rows(shown),
        next_cursor=paging.encode(last.at.isoformat(), last.id) if last else None,
        total=None if asked.about else total,
        zone=zone,
        at=at,
        empty=Empty(
            gettext("Nothing has been written down yet"),
            gettext("Every change, reveal, export and sign-in leaves an entry here."),
            icon="scroll-text",
        ),
        template="console/audit.html",
        extra={"check": _last_check(actor_of(request))},
    )


@house_page(READ)
@require_safe
def show_entry(request: HttpRequest, entry_id: int) -> HttpResponse:
    """Show one entry with its place in the chain; its note stays covered."""
    entry, seq = access.get_entry(entry_id=entry_id)
    return _draw_entry(request, entry, seq, note=None)


@house_page(READ, step_up=True)
@require_POST
def open_note(request: HttpRequest, entry_id: int) -> HttpResponse:
    """Show the note of an entry for a moment; who looked and why is logged first."""
    entry, seq = access.get_entry(entry_id=entry_id)
    if entry.note is None:
        return HttpResponseRedirect(reverse("console-audit-entry", args=[entry_id]))
    reason = request.POST.get("reason", "")
    if reason not in wording.NOTE_REASONS:
        raise ReasonMissing
    note = notes.open_audit_note(
        entry=entry, reason_code=reason, actor=actor_of(request), at=clock.met(request)
    )
    return _draw_entry(request, entry, seq, note=note)


def _draw_entry(
    request: HttpRequest, entry: KeptEntry, seq: int | None, *, note: tuple[str, bool] | None
) -> HttpResponse:
    may_open = not auditing.is_about_member(entry) or actor_of(request).may("members.reveal")
    names = auditing.names_in([entry])
    tone, result = RESULTS[entry.result]
    title = _title(entry)
    context = {
        "heading": title,
        "purpose": gettext("Entry %(number)s") % {"number": entry.id},
        "status": Cell.status(tone, gettext(result)),
        "crumbs": (Crumb(gettext("Audit log"), reverse("console-audit")), Crumb(title)),
        "facts": (
            Fact(gettext("Who"), auditing.who(entry, names)),
            Fact(gettext("To what"), gettext(word(OBJECTS, entry.object_kind)), entry.object_id),
            Fact(gettext("Place in the chain"), f"{seq:,}" if seq else gettext("not sealed yet")),
        ),
        "entry": entry,
        "reason": _reason(entry.reason_code or ""),
        "details": sorted(entry.details.items()),
        "behalf": names.staff.get(entry.on_behalf_id or 0, ""),
        "has_note": entry.note is not None,
        "note": note[0] if note else None,
        "note_gone": bool(note and note[1]),
        "note_href": reverse("console-audit-note", args=[entry.id]) if may_open else "",
        "here": reverse("console-audit-entry", args=[entry.id]),
        "why": wording.NOTE_REASONS.items(),
        "reveal_seconds": wording.REVEAL_SECONDS,
        "personal": note is not None,
        "now": clock.met(request),
        "object_href": auditing.object_href(entry),
        "same_href": f"{reverse('console-audit')}?object={entry.object_kind}:{entry.object_id}",
    }
    return draw(request, "console/audit_entry.html", context, zone=house_zone())


@house_page(READ)
@require_POST
def check_chain(request: HttpRequest) -> HttpResponse:
    """Ask for a check of the whole chain; it runs as a job."""
    actor = actor_of(request)
    last = _last()
    if last is None or last.is_over:
        work = services.ask_chain_check(actor=actor, at=clock.met(request))
    else:
        work = last.id
    href = reverse("console-job", args=[work])
    text = gettext("The chain is being checked.")
    return done(request, text, href=href, title=gettext("See the job"), to=reverse("console-audit"))


def _asked(state: ListState, at: datetime, zone: ZoneInfo) -> Asked:
    """Read the filters; an actor is written as staff:3, key:4 or system:0."""
    span = state.span("at", at=at, zone=zone)
    return auditing.read_asked(
        action=state.filters.get("action", ""),
        actor=state.filters.get("actor", ""),
        about=state.filters.get("object", ""),
        result=state.filters.get("result", ""),
        since=span.since,
        until=span.until,
    )


def _rows(found: Sequence[KeptEntry]) -> list[ListRow]:
    names = auditing.names_in(found)
    return [_row(each, names) for each in found]


def _row(entry: KeptEntry, names: Names) -> ListRow:
    tone, result = RESULTS[entry.result]
    return ListRow(
        id=str(entry.id),
        href=reverse("console-audit-entry", args=[entry.id]),
        cells={
            "at": Cell.moment(entry.at),
            "who": Cell.text(auditing.who(entry, names)),
            "action": Cell.text(_title(entry)),
            "result": Cell.status(tone, gettext(result)),
            "object": Cell.text(gettext(word(OBJECTS, entry.object_kind)), entry.object_id),
            "reason": _reason(entry.reason_code or ""),
            "network": Cell.code(entry.network or ""),
            "code": Cell.code(entry.action),
        },
    )


def _reason(code: str) -> Cell:
    """Say a reason in words where it has some; the code stands below."""
    words = auditing.reason_words(code)
    return Cell.text(words, code) if words != code else Cell.code(code)


def _title(entry: KeptEntry) -> str:
    return gettext(ACTIONS[entry.action]) if entry.action in ACTIONS else entry.action


def _people() -> list[Choice]:
    """List who may have acted: the house, colleagues, keys, newest first."""
    known = access.list_newest_names(limit=PEOPLE_MAX)
    return [
        Choice("system:0", message("Regulars itself")),
        *(Choice(f"staff:{each}", name, is_data=True) for each, name in known.staff.items()),
        *(Choice(f"key:{each}", name, is_data=True) for each, name in known.keys.items()),
    ]


def _actions() -> list[Choice]:
    return [
        Choice(code, ACTIONS.get(code, code), is_data=code not in ACTIONS)
        for code in access.list_actions()
    ]


def _last() -> Progress | None:
    found, _ = progress.list_progress(owner=None, kind=CHECK, limit=1)
    return found[0] if found else None


def _last_check(actor: Actor) -> LastCheck:
    """Say how the last check came out, and lead to its job where the reader may see that."""
    last = _last()
    if last is None:
        return LastCheck("mute", gettext("The chain was not checked from here yet."))
    is_seen = last.owner == actor.caller or actor.may("jobs.read")
    href = reverse("console-job", args=[last.id]) if is_seen else ""
    if not last.is_over:
        text = gettext("The chain is being checked.")
        return LastCheck("info", text, last.asked_at, href, is_running=True)
    if last.state is not ProgressState.DONE:
        return LastCheck("warn", gettext("The last check did not end."), last.ended_at, href)
    return _verdict(last.result, last.ended_at, href)


def _verdict(found: dict[str, Any], at: datetime | None, href: str) -> LastCheck:
    problem = PROBLEMS.get(found.get("problem") or "")
    if problem is not None:
        text = gettext("The chain is broken at place %(seq)s: %(problem)s.") % {
            "seq": f"{found['first_bad_seq']:,}",
            "problem": gettext(problem),
        }
        return LastCheck("bad", text, at, href)
    text = gettext("The chain is whole: %(sealed)s sealed entries, %(points)s signed checkpoints.")
    said = {"sealed": f"{found['sealed']:,}", "points": f"{found['checkpoints']:,}"}
    return LastCheck("ok", text % said, at, href)


ROUTES: tuple[URLPattern, ...] = (
    path("console/audit", list_entries, name="console-audit"),
    path("console/audit/check", check_chain, name="console-audit-check"),
    path("console/audit/<int:entry_id>/note", open_note, name="console-audit-note"),
    path("console/audit/<int:entry_id>", show_entry, name="console-audit-entry"),
)
