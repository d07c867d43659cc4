"""Acts on many rows: which rows were meant, and what came of it."""

from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import parse_qsl
from zoneinfo import ZoneInfo

from django.http import HttpRequest, HttpResponse

from regulars.console.domain.lists import ListSpec, ListState, read_state
from regulars.console.domain.navigation import Crumb
from regulars.console.domain.outcomes import Outcome
from regulars.console.pages.drawing import draw, house_zone
from regulars.kit.errors import Kind, Refusal
from regulars.kit.messages import message

IDS_MAX = 200


class NothingChosen(Refusal):
    """An act on many needs at least one row."""

    kind = Kind.INVALID
    reason = message("Choose at least one row.")


class SelectionGone(Refusal):
    """Everything that a filter matches was meant, and the filter no longer means anything."""

    kind = Kind.CONFLICT
    reason = message("The list has changed meanwhile. Open it again and choose anew.")


@dataclass(frozen=True, slots=True)
class Selection:
    """The rows that were meant: these ids, or everything that the state's filters match."""

    ids: tuple[str, ...]
    everything: bool
    state: ListState


def read_selection(request: HttpRequest, spec: ListSpec) -> Selection:
    """Read which rows of a list were chosen; raises NothingChosen, SelectionGone.

    Ids are as sent: the page looks them up within the reader's scope. What the filters are is
    read from `query`, against the spec with its choices of the day: one that is no longer among
    them would leave everything, so it is refused.
    """
    said = request.POST
    params = dict(parse_qsl(said.get("query", "")[:2_000]))
    state = read_state(spec, params)
    everything = said.get("all") == "1"
    if everything and (params.keys() & spec.filter_keys) - state.filters.keys():
        raise SelectionGone
    ids = () if everything else tuple(dict.fromkeys(said.getlist("ids")))[:IDS_MAX]
    if not everything and not ids:
        raise NothingChosen
    return Selection(ids, everything, state)


def draw_outcome(
    request: HttpRequest,
    outcome: Outcome,
    *,
    title: str,
    back_href: str,
    crumbs: Sequence[Crumb] = (),
    zone: ZoneInfo | None = None,
) -> HttpResponse:
    """Show what was done and what was not, row by row; 207 where something was left undone."""
    context = {
        "heading": title,
        "outcome": outcome,
        "back_href": back_href,
        "back_to": back_href,
        "crumbs": crumbs,
        "personal": True,
    }
    status = 200 if outcome.is_whole else 207
    return draw(request, "console/outcome.html", context, zone=zone or house_zone(), status=status)
