"""Merge and unmerge: two records of one person become one, and can become two again.

The loser's id stays for ever and leads to the survivor. Identities and tags move with a mark of
where they came from; profile and consents stay where they are and are read over all aliases.
Money, tier and orders follow by `member.merged`, which their apps hear in the same transaction
and may refuse.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from functools import partial

from django.db import transaction

from regulars.access import services as access
from regulars.access.domain import Actor, Entry, Scope
from regulars.events import services as events
from regulars.events.domain import Fact
from regulars.members.domain import (
    Member,
    MemberNotFound,
    Merge,
    SuggestionNotFound,
    check_merge,
    check_unmerge,
    joined_after_unmerge,
    tree_below,
)
from regulars.members.selectors import gates, merges, people, suggestions
from regulars.web import contention, sql


def merge(
    *, winner_id: int, loser_id: int, at: datetime, actor: Actor, reason_code: str = ""
) -> Merge:
    """Let the winner stand for the loser, with everything the loser has.

    Raises SameMember, MemberNotFound, MemberMerged, MemberErased, MemberFrozen, MergeTooLarge,
    Contended, and whatever an app that carries something for the loser refuses.
    """
    return contention.retried(partial(_merge, winner_id, loser_id, at, actor, reason_code))


def _merge(winner_id: int, loser_id: int, at: datetime, actor: Actor, reason_code: str) -> Merge:
    winner, loser = lock_members([winner_id, loser_id])
    aliases = people.aliases_of(member_ids=[winner.id, loser.id])
    check_merge(winner=winner, loser=loser, records=sum(map(len, aliases.values())))
    found = sql.row(
        "INSERT INTO members_merge (winner_id, loser_id, winner_joined_at, merged_at, actor_kind,"
        " actor_id, reason_code) VALUES (%s::bigint, %s::bigint, %s::timestamptz,"
        " %s::timestamptz, %s::text, %s::bigint, %s::text) RETURNING id",
        [winner.id, loser.id, winner.joined_at, at, actor.kind, actor.id, reason_code],
    )
    assert found is not None
    _fold(winner=winner, loser=loser, at=at)
    merged = Merge(found[0], winner.id, loser.id, at)
    _audit(actor, "members.merge", winner, merged, at=at, reason_code=reason_code)
    _append("member.merged", merged, at=at)
    return merged


def _fold(*, winner: Member, loser: Member, at: datetime) -> None:
    sql.run(
        "UPDATE members_member SET survivor_id = %s::bigint WHERE survivor_id = %s::bigint"
        " AND survivor_id <> id",
        [winner.id, loser.id],
    )
    sql.run(
        "UPDATE members_member SET status = 'merged', merged_into_id = %s::bigint,"
        " survivor_id = %s::bigint WHERE id = %s::bigint",
        [winner.id, winner.id, loser.id],
    )
    sql.run(
        "UPDATE members_member SET joined_at = LEAST(joined_at, %s::timestamptz),"
        " home_store_id = COALESCE(home_store_id, %s::bigint),"
        " associate_id = COALESCE(associate_id, %s::bigint) WHERE id = %s::bigint",
        [loser.joined_at, loser.home_store_id, loser.associate_id, winner.id],
    )
    for table in ("members_identity", "members_tag"):  # two statements, not a walk over rows
        sql.run(
            f"UPDATE {table} SET member_id = %s::bigint WHERE member_id = %s::bigint",
            [winner.id, loser.id],
        )
    sql.run(
        "UPDATE members_group SET until = GREATEST(%s::timestamptz, since)"
        " WHERE member_id = %s::bigint AND until IS NULL",
        [at, loser.id],
    )
    sql.run(
        "UPDATE members_mergesuggestion SET state = 'merged', decided_at = %s::timestamptz"
        " WHERE low_id = %s::bigint AND high_id = %s::bigint AND state = 'open'",
        [at, *sorted((winner.id, loser.id))],
    )


def unmerge(*, merge_id: int, at: datetime, actor: Actor, reason_code: str = "") -> Merge:
    """Undo a merge: the loser stands for itself again, with the identities it came with.

    Whoever had been merged into the loser before comes along. Facts recorded since under one of
    the loser's identities are the loser's. Raises MergeNotFound, MergeUndone, LaterMergeStands,
    MemberErased, Contended.
    """
    return contention.retried(partial(_unmerge, merge_id, at, actor, reason_code))


def _unmerge(merge_id: int, at: datetime, actor: Actor, reason_code: str) -> Merge:
    merged = merges.get_merge(merge_id=merge_id)
    winner, loser = lock_members([merged.winner_id, merged.loser_id])
    merged = merges.get_merge(merge_id=merge_id)
    check_unmerge(merge=merged, winner=winner, loser=loser)
    parents = merges.tree_parents(survivor_id=winner.id)
    tree = sorted(tree_below(loser.id, parents))
    _unfold(merged, winner=winner, loser=loser, tree=tree)
    sql.run(
        "UPDATE members_merge SET undone_at = %s::timestamptz WHERE id = %s::bigint",
        [at, merged.id],
    )
    undone = Merge(merged.id, winner.id, loser.id, merged.merged_at, at)
    _audit(actor, "members.unmerge", winner, undone, at=at, reason_code=reason_code)
    _append("member.unmerged", undone, at=at)
    return undone


def _unfold(merged: Merge, *, winner: Member, loser: Member, tree: Sequence[int]) -> None:
    sql.run(
        "UPDATE members_member SET survivor_id = %s::bigint WHERE id = ANY(%s::bigint[])",
        [loser.id, tree],
    )
    sql.run(
        "UPDATE members_member SET status = 'active', merged_into_id = NULL WHERE id = %s::bigint",
        [loser.id],
    )
    sql.run(
        "UPDATE members_member SET joined_at = %s::timestamptz WHERE id = %s::bigint",
        [_joined_at(winner=winner, loser=loser), winner.id],
    )
    sql.run(
        "UPDATE members_identity SET member_id = %s::bigint"
        " WHERE member_id = %s::bigint AND subject_id = ANY(%s::bigint[])",
        [loser.id, winner.id, tree],
    )
    sql.run(
        "UPDATE members_tag SET member_id = %s::bigint"
        " WHERE member_id = %s::bigint AND origin_id = ANY(%s::bigint[])",
        [loser.id, winner.id, tree],
    )
    sql.run(
        "UPDATE members_group SET until = NULL"
        " WHERE member_id = %s::bigint AND until = GREATEST(%s::timestamptz, since)",
        [loser.id, merged.merged_at],
    )


def _joined_at(*, winner: Member, loser: Member) -> datetime:
    found = sql.row(
        "SELECT (SELECT winner_joined_at FROM members_merge WHERE winner_id = %s::bigint"
        " ORDER BY id LIMIT 1), ARRAY(SELECT l.joined_at FROM members_merge g"
        " JOIN members_member l ON l.id = g.loser_id WHERE g.winner_id = %s::bigint"
        " AND g.undone_at IS NULL AND g.loser_id <> %s::bigint)",
        [winner.id, winner.id, loser.id],
    )
    assert found is not None
    return joined_after_unmerge(
        now=winner.joined_at, before=found[0], leaving=loser.joined_at, staying=found[1]
    )


@transaction.atomic
def dismiss_suggestion(*, suggestion_id: int, at: datetime, actor: Actor) -> None:
    """Say that two members are two people; the pair is not suggested again.

    Raises SuggestionNotFound.
    """
    found = sql.row(
        "UPDATE members_mergesuggestion SET state = 'dismissed', decided_at = %s::timestamptz"
        " WHERE id = %s::bigint AND state = 'open' RETURNING low_id, high_id",
        [at, suggestion_id],
    )
    if found is None:
        raise SuggestionNotFound
    access.audit(
        actor=actor,
        action="members.dismiss_suggestion",
        object_kind="merge_suggestion",
        object_id=str(suggestion_id),
        at=at,
    )


@transaction.atomic
def dismiss_suggestions(
    *, suggestion_ids: Sequence[int], scope: Scope, at: datetime, actor: Actor
) -> int:
    """Say of many pairs that they are two people each; they are not suggested again.

    What is decided already, or lies outside the scope, is left out. Answers how many.
    """
    visible = suggestions.suggestions_by_id(suggestion_ids=suggestion_ids, scope=scope)
    found = sql.rows(
        "UPDATE members_mergesuggestion SET state = 'dismissed', decided_at = %s::timestamptz"
        " WHERE id = ANY(%s::bigint[]) AND state = 'open' RETURNING id",
        [at, [one.id for one in visible]],
    )
    _audit_suggestions(actor, "members.dismiss_suggestion", [row[0] for row in found], at=at)
    return len(found)


@transaction.atomic
def postpone_suggestions(
    *, suggestion_ids: Sequence[int], until: datetime, scope: Scope, at: datetime, actor: Actor
) -> int:
    """Put many suggestions off until a moment; answers how many."""
    visible = suggestions.suggestions_by_id(suggestion_ids=suggestion_ids, scope=scope)
    found = sql.rows(
        "UPDATE members_mergesuggestion SET wait_until = %s::timestamptz"
        " WHERE id = ANY(%s::bigint[]) AND state = 'open' RETURNING id",
        [until, [one.id for one in visible]],
    )
    _audit_suggestions(actor, "members.postpone_suggestion", [row[0] for row in found], at=at)
    return len(found)


def _audit_suggestions(
    actor: Actor, action: str, suggestion_ids: Sequence[int], *, at: datetime
) -> None:
    entries = [
        Entry(
            actor_kind=actor.kind,
            actor_id=actor.id,
            action=action,
            object_kind="merge_suggestion",
            object_id=str(each),
        )
        for each in suggestion_ids
    ]
    access.audit_batch(entries, at=at)


def lock_members(member_ids: Sequence[int], *, also: Iterable[bytes] = ()) -> list[Member]:
    """Take members alone, with every identity of theirs: nobody resolves to them meanwhile.

    `also` names identities nobody may take up meanwhile either. Answers the members in the order
    asked. Raises MemberNotFound.
    """
    wanted = _lookups(member_ids) | set(also)
    while missing := _shut(wanted, member_ids):
        wanted |= missing
    found = {
        row[0]: people.member_of(row)
        for row in sql.rows(
            f"SELECT {people.COLUMNS} FROM members_member m WHERE m.id = ANY(%s::bigint[])"
            " ORDER BY m.id FOR UPDATE",
            [list(member_ids)],
        )
    }
    if not found.keys() >= set(member_ids):
        raise MemberNotFound
    return [found[member_id] for member_id in member_ids]


def lock_row(member_id: int) -> Member:
    """Take one member's record, for what concerns nobody else. Raises MemberNotFound."""
    found = sql.row(
        f"SELECT {people.COLUMNS} FROM members_member m WHERE m.id = %s::bigint FOR NO KEY UPDATE",
        [member_id],
    )
    if found is None:
        raise MemberNotFound
    return people.member_of(found)


class _More(Exception):  # noqa: N818 a signal inside this module
    """Identities came to the members while we waited for their gates."""

    def __init__(self, lookups: set[bytes]) -> None:
        self.lookups = lookups
        super().__init__()


def _shut(lookups: set[bytes], member_ids: Sequence[int]) -> set[bytes]:
    """Take the gates in order; where more are needed by then, give them back and say which.

    Giving back to a savepoint keeps the order of locking, so two merges never wait in a circle.
    """
    try:
        with transaction.atomic():
            gates.lock_gates(lookups=lookups, member_ids=member_ids)
            _give_back_unless_whole(lookups, member_ids)
    except _More as more:
        return more.lookups
    return set()


def _give_back_unless_whole(lookups: set[bytes], member_ids: Sequence[int]) -> None:
    if missing := _lookups(member_ids) - lookups:
        raise _More(missing)


def _lookups(member_ids: Sequence[int]) -> set[bytes]:
    found = sql.rows(
        "SELECT lookup FROM members_identity WHERE member_id = ANY(%s::bigint[])",
        [list(member_ids)],
    )
    return {bytes(lookup) for (lookup,) in found}


def _audit(
    actor: Actor, action: str, winner: Member, merged: Merge, *, at: datetime, reason_code: str
) -> None:
    access.audit(
        actor=actor,
        action=action,
        object_kind="member",
        object_id=str(winner.public_id),
        at=at,
        reason_code=reason_code or None,
        details={"merge_id": merged.id, "winner_id": winner.id, "loser_id": merged.loser_id},
    )


def _append(name: str, merged: Merge, *, at: datetime) -> None:
    facts = {"winner_id": merged.winner_id, "loser_id": merged.loser_id, "merge_id": merged.id}
    events.append([Fact(type=name, occurred_at=at, facts=facts, member_id=merged.winner_id)], at=at)


__all__ = ["dismiss_suggestion", "lock_members", "lock_row", "merge", "unmerge"]
