"""Merges: who may be merged with whom, who survives, and what an unmerge needs."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from regulars.kit.errors import Kind, Refusal
from regulars.kit.messages import message
from regulars.members.domain.people import Member, MemberErased, MemberFrozen, MemberMerged, Status

TREE_MAX = 50  # members that one merge may gather; more is a blob, not a person


class SameMember(Refusal):
    """A member cannot be merged with itself."""

    kind = Kind.CONFLICT
    reason = message("A member cannot be merged with itself.")


class MergeTooLarge(Refusal):
    """So many records are hardly one person."""

    kind = Kind.CONFLICT
    reason = message("One member may stand for at most {most} records.")


class MergeNotFound(Refusal):
    """There is no such merge."""

    kind = Kind.NOT_FOUND
    reason = message("There is no such merge.")


class MergeUndone(Refusal):
    """The merge was undone before."""

    kind = Kind.CONFLICT
    reason = message("This merge was undone before.")


class LaterMergeStands(Refusal):
    """The survivor was itself merged since; the later merge is undone first."""

    kind = Kind.CONFLICT
    reason = message("Undo the later merge first.")


class SuggestionNotFound(Refusal):
    """There is no such open suggestion."""

    kind = Kind.NOT_FOUND
    reason = message("There is no such open merge suggestion.")


class SuggestionState(StrEnum):
    """What became of a suggestion to merge."""

    OPEN = "open"
    MERGED = "merged"
    DISMISSED = "dismissed"


@dataclass(frozen=True, slots=True)
class Merge:
    """The record of a merge: enough to undo it."""

    id: int
    winner_id: int
    loser_id: int
    merged_at: datetime
    undone_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class MergedRecord:
    """A record that became part of another: which, into which, when, by whom."""

    merge_id: int
    winner_id: int
    loser_id: int
    number: str
    public_id: UUID
    merged_at: datetime
    actor_kind: str
    actor_id: int
    reason_code: str


@dataclass(frozen=True, slots=True)
class MergeSuggestion:
    """Two members that may be one person, and why we think so."""

    id: int
    member_id: int
    other_id: int
    reason: str
    suggested_at: datetime


def check_merge(*, winner: Member, loser: Member, records: int) -> None:
    """Refuse a merge that makes no sense; `records` counts both with those merged into them."""
    if winner.id == loser.id:
        raise SameMember
    for member in (winner, loser):
        match member.status:
            case Status.MERGED:
                raise MemberMerged(member_id=member.id)
            case Status.ERASED:
                raise MemberErased(member_id=member.id)
            case Status.FROZEN:
                raise MemberFrozen(member_id=member.id)
            case Status.ACTIVE:
                pass
    if records > TREE_MAX:
        raise MergeTooLarge(most=TREE_MAX)


def check_unmerge(*, merge: Merge, winner: Member, loser: Member) -> None:
    """Refuse to undo a merge that is undone, erased, or lies under a later one."""
    if merge.undone_at is not None:
        raise MergeUndone(merge_id=merge.id)
    if Status.ERASED in {winner.status, loser.status}:
        raise MemberErased(member_id=winner.id)
    if winner.status is Status.MERGED:
        raise LaterMergeStands(merge_id=merge.id)


def tree_below(root: int, parents: Mapping[int, int]) -> set[int]:
    """Answer `root` and everyone merged into it, through chains; `parents` is child to winner."""
    tree = {root}
    growing = True
    while growing:
        below = {child for child, parent in parents.items() if parent in tree} - tree
        tree |= below
        growing = bool(below)
    return tree


def joined_after_unmerge(
    *, now: datetime, before: datetime, leaving: datetime, staying: Sequence[datetime]
) -> datetime:
    """Answer when a winner joined once a loser has left it.

    `before` is when it joined before its first merge. A date earlier than all of these was told
    since, by an import, and stands.
    """
    if now < min(before, leaving, *staying):
        return now
    return min([before, *staying])
