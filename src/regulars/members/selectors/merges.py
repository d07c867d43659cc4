"""Read merges: the record of each, what is suggested, who was merged into whom."""

from collections.abc import Sequence

from regulars.access.domain import Scope
from regulars.members.domain import Merge, MergedRecord, MergeNotFound, MergeSuggestion
from regulars.web import sql

_MERGE = "SELECT id, winner_id, loser_id, merged_at, undone_at FROM members_merge"


def get_merge(*, merge_id: int) -> Merge:
    """Answer one merge; raises MergeNotFound."""
    if merge_id >= 2**63:
        raise MergeNotFound
    found = sql.row(f"{_MERGE} WHERE id = %s::bigint", [merge_id])
    if found is None:
        raise MergeNotFound
    return Merge(*found)


def list_merges(*, member_id: int) -> list[Merge]:
    """Answer every merge this member took part in, newest first."""
    found = sql.rows(
        f"{_MERGE} WHERE winner_id = %s::bigint OR loser_id = %s::bigint ORDER BY id DESC",
        [member_id, member_id],
    )
    return [Merge(*one) for one in found]


def list_merged(*, member_ids: Sequence[int]) -> list[MergedRecord]:
    """Answer the merges that stand among a survivor's aliases, newest first."""
    found = sql.rows(
        "SELECT g.id, g.winner_id, g.loser_id, m.number, m.public_id, g.merged_at, g.actor_kind,"
        " g.actor_id, g.reason_code FROM members_merge g JOIN members_member m ON m.id = g.loser_id"
        " WHERE g.loser_id = ANY(%s::bigint[]) AND g.undone_at IS NULL ORDER BY g.id DESC",
        [list(member_ids)],
    )
    return [MergedRecord(*one) for one in found]


def tree_parents(*, survivor_id: int) -> dict[int, int]:
    """Answer who was merged into whom below one survivor, child to winner."""
    return dict(
        sql.rows(
            "SELECT id, merged_into_id FROM members_member"
            " WHERE survivor_id = %s::bigint AND survivor_id <> id AND merged_into_id IS NOT NULL",
            [survivor_id],
        )
    )


def list_suggestions(
    *, scope: Scope, member_id: int | None = None, limit: int = 100
) -> list[MergeSuggestion]:
    """Answer open suggestions whose both members lie within the scope, oldest first.

    The members are given as who stands for them now; a pair that has become one is left out.
    """
    low, low_params = scope.condition("a.home_store_id", "a.associate_id")
    high, high_params = scope.condition("b.home_store_id", "b.associate_id")
    found = sql.rows(
        "SELECT s.id, a.id, b.id, s.reason, s.suggested_at FROM members_mergesuggestion s"
        " JOIN members_member la ON la.id = s.low_id JOIN members_member a ON a.id = la.survivor_id"
        " JOIN members_member lb ON lb.id = s.high_id"
        " JOIN members_member b ON b.id = lb.survivor_id"
        f" WHERE s.state = 'open' AND a.id <> b.id AND {low} AND {high}"
        " AND (%s::bigint IS NULL OR %s::bigint IN (a.id, b.id))"
        " ORDER BY s.suggested_at, s.id LIMIT %s::int",
        [*low_params, *high_params, member_id, member_id, limit],
    )
    return [MergeSuggestion(*one) for one in found]
