"""Gates: what resolves identities goes through together, what moves or erases them goes alone.

A merge or an erasure must not happen between looking an identity up and writing the fact that
it brought. Row locks on members would make every order write to the member table; instead each
identity and each member has one of 64 gates (transaction-level advisory locks), taken shared by
resolution and exclusively, sorted, by merge, unmerge and erase. Two members seldom share a gate,
so a merge holds up little.
"""

from collections.abc import Iterable

from regulars.web import sql

GATES = 64
NAMESPACE = 0x6D656D62  # "memb": our corner of the advisory locks


def gates_of(*, lookups: Iterable[bytes] = (), member_ids: Iterable[int] = ()) -> list[int]:
    """Answer the gates of these identities and members, in the order in which they are taken."""
    gates = {lookup[0] & (GATES - 1) for lookup in lookups}
    gates.update(GATES + (member_id & (GATES - 1)) for member_id in member_ids)
    return sorted(gates)


def lock_gates(*, lookups: Iterable[bytes] = (), member_ids: Iterable[int] = ()) -> None:
    """Take the gates alone, until the transaction ends."""
    sql.rows(
        "SELECT pg_advisory_xact_lock(%s::int, gate) FROM unnest(%s::int[]) AS gate",
        [NAMESPACE, gates_of(lookups=lookups, member_ids=member_ids)],
    )


def lock_survivors(*, member_ids: Iterable[int]) -> dict[int, int]:
    """Answer who stands for each member and keep it so until the transaction ends.

    Whoever posts by member id and cannot bear a merge in between asks here instead of
    `survivors`.
    """
    asked = sorted(set(member_ids))
    held: set[int] = set()
    wanted = set(asked)
    standing: dict[int, int] = {}
    while wanted - held:
        _share(wanted - held)
        held |= wanted
        standing = dict(
            sql.rows(
                "SELECT id, survivor_id FROM members_member WHERE id = ANY(%s::bigint[])", [asked]
            )
        )
        wanted = set(standing.values())
    return standing


def _share(member_ids: Iterable[int]) -> None:
    sql.rows(
        "SELECT pg_advisory_xact_lock_shared(%s::int, gate) FROM unnest(%s::int[]) AS gate",
        [NAMESPACE, gates_of(member_ids=member_ids)],
    )
