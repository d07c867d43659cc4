"""Views of lists that staff keep: a name for an address, for oneself or for everyone."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Self
from urllib.parse import parse_qsl, urlencode
from uuid import UUID

from regulars.console.domain.lists import ListState, read_state
from regulars.kit.errors import Kind, Refusal
from regulars.kit.messages import message

NAME_LENGTH_MAX = 40
QUERY_LENGTH_MAX = 1_000
VIEWS_MAX = 30
HOUSE = 0  # whose likings are everybody's
STEPS_AWAY = "first_steps:away"
CODE_LENGTH_MAX = 40
WIDTH_MIN, WIDTH_MAX = 48, 800
ALL = "all"
_PLACES = frozenset({"view", "after", "select"})


class ViewNameUnfit(Refusal):
    """A view has a name of one to forty characters."""

    kind = Kind.INVALID
    reason = message("Give the view a name of 1 to 40 characters.")


class ViewNameTaken(Refusal):
    """One staff member gives each name once per list."""

    kind = Kind.CONFLICT
    reason = message("You have a view of this name already. Choose another.")


class TooManyViews(Refusal):
    """There is an end to the views of one list."""

    kind = Kind.LIMITED
    reason = message("There are {most} views of this list already. Delete one first.")


class ViewNotFound(Refusal):
    """The view is gone, or another person's."""

    kind = Kind.NOT_FOUND
    reason = message("This view does not exist any more.")


@dataclass(frozen=True, slots=True, kw_only=True)
class SavedView:
    """An address of a list under a name; `is_mine` as seen by who asked."""

    public_id: UUID
    name: str
    query: str
    is_shared: bool
    is_mine: bool


@dataclass(frozen=True, slots=True)
class Keeping:
    """What one staff member keeps of one list."""

    views: tuple[SavedView, ...] = ()
    columns: tuple[str, ...] = ()
    default: str = ""
    widths: Mapping[str, int] = field(default_factory=dict)

    def view(self, public_id: str) -> SavedView | None:
        """Answer a kept view by its id, as it stands in the address."""
        return next((each for each in self.views if str(each.public_id) == public_id), None)

    @classmethod
    def of(
        cls,
        views: Sequence[SavedView],
        *,
        columns: Sequence[str] = (),
        default: str = "",
        widths: Mapping[str, int] | None = None,
    ) -> Self:
        """Answer what is kept, own views before shared ones, a default only if it still exists."""
        ordered = sorted(views, key=lambda each: (not each.is_mine, each.name))
        known = any(str(each.public_id) == default for each in views)
        return cls(tuple(ordered), tuple(columns), default if known else "", widths or {})


def check_name(text: str) -> str:
    """Answer the name without blanks around it; raises ViewNameUnfit."""
    name = " ".join(text.split())
    if not 0 < len(name) <= NAME_LENGTH_MAX or not name.isprintable():
        raise ViewNameUnfit
    return name


def read_width(text: str) -> tuple[str, int] | None:
    """Read `code:160`, the width of a column in pixels between sensible ends; 0 is as usual."""
    code, _, pixels = text.partition(":")
    if not (code.replace("_", "").isalnum() and pixels.isascii() and pixels.isdigit()):
        return None
    width = int(pixels[:5])
    return code[:CODE_LENGTH_MAX], width and min(max(width, WIDTH_MIN), WIDTH_MAX)


def clean_query(text: str) -> str:
    """Keep of an address what makes the view: not the place in it, not the view itself."""
    pairs = parse_qsl(text[:QUERY_LENGTH_MAX])
    return urlencode(sorted((name, value) for name, value in pairs if name not in _PLACES))


def is_edited(state: ListState, view: SavedView) -> bool:
    """Tell whether the list shows something else than the view it was opened with."""
    kept = read_state(state.spec, dict(parse_qsl(view.query)))
    return kept.query() != state.query(without=("view",))
