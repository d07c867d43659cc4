"""What stands declared: every import's word in order, less what was undone.

Nothing is remembered of who replaced what: the words that are left are said again from the start,
so that whatever is undone, in whatever order, ends where those words alone would have ended.
"""

from collections import Counter
from collections.abc import Hashable, Iterable
from dataclasses import dataclass
from typing import Final

State = dict[tuple[int, int], Counter[Hashable]]  # by member and currency
NOTHING: Final[Counter[Hashable]] = Counter()


@dataclass(frozen=True, slots=True)
class Said:
    """One declared balance: its parts, each as what makes two of them the same."""

    member_id: int
    currency: int
    batch_id: int | None
    replaces: bool
    parts: tuple[Hashable, ...]


@dataclass(frozen=True, slots=True)
class Joined:
    """The loser became part of the winner: later words about the winner are about both."""

    winner_id: int
    loser_id: int


@dataclass(frozen=True, slots=True)
class Parted:
    """The loser stands for itself again."""

    loser_id: int


Word = Said | Joined | Parted


def fold_words(words: Iterable[Word], *, undone: frozenset[int]) -> State:
    """Say all words again but those of undone imports; answers what each member is left with."""
    state: State = {}
    above: dict[int, int] = {}
    for word in words:
        if isinstance(word, Joined):
            above[word.loser_id] = word.winner_id
        elif isinstance(word, Parted):
            above.pop(word.loser_id, None)
        elif word.batch_id is None or word.batch_id not in undone:
            _say(state, word, above)
    return state


def _say(state: State, said: Said, above: dict[int, int]) -> None:
    """Keep what is declared again, add what is new, and drop the rest where the word replaces."""
    wanted = Counter(said.parts)
    root = _root(said.member_id, above)
    for (member_id, currency), parts in state.items():
        if currency == said.currency and _root(member_id, above) == root:
            kept = parts & wanted
            wanted -= kept
            if said.replaces:
                state[member_id, currency] = kept
    own = (said.member_id, said.currency)
    state[own] = state.get(own, NOTHING) + wanted


def _root(member_id: int, above: dict[int, int]) -> int:
    while member_id in above:
        member_id = above[member_id]
    return member_id
