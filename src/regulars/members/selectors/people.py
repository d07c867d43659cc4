"""Read members: one, many by id, a scoped list; masked."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any
from uuid import UUID

from regulars.access.domain import Scope
from regulars.members.domain import (
    FIELDS,
    TAIL_BUCKETS,
    IdentityKind,
    Member,
    MemberNotFound,
    MemberRow,
    ProfileValue,
    Status,
    mask_value,
    profile_context,
    survivor_profile,
)
from regulars.members.selectors import identities, marks
from regulars.web import crypto, sql

COLUMNS = (
    "m.id, m.public_id, m.number, m.status, m.joined_at, m.home_store_id, m.associate_id,"
    " m.source_id, m.survivor_id"
)


def member_of(row: tuple[Any, ...]) -> Member:
    """Build the value from a row of `COLUMNS`."""
    return Member(row[0], row[1], row[2], Status(row[3]), *row[4:])


def ids_by_public(*, public_ids: Iterable[UUID]) -> dict[UUID, int]:
    """Answer the member that stands for each public id; a merged one leads to its survivor."""
    return dict(
        sql.rows(
            "SELECT public_id, survivor_id FROM members_member WHERE public_id = ANY(%s::uuid[])",
            [list(public_ids)],
        )
    )


def public_ids(*, member_ids: Iterable[int]) -> dict[int, UUID]:
    """Answer the public ids of these members, as they were given."""
    return dict(
        sql.rows(
            "SELECT id, public_id FROM members_member WHERE id = ANY(%s::bigint[])",
            [list(member_ids)],
        )
    )


def survivors(*, member_ids: Iterable[int]) -> dict[int, int]:
    """Answer who stands for each member now: itself, or the end of its chain of merges."""
    return dict(
        sql.rows(
            "SELECT id, survivor_id FROM members_member WHERE id = ANY(%s::bigint[])",
            [list(member_ids)],
        )
    )


def aliases(*, member_id: int) -> tuple[int, ...]:
    """Answer every id under which the facts of this survivor stand, its own first."""
    return aliases_of(member_ids=[member_id])[member_id]


def aliases_of(*, member_ids: Sequence[int]) -> dict[int, tuple[int, ...]]:
    """Answer the alias ids of many survivors, each one's own first."""
    merged: dict[int, list[int]] = {member_id: [] for member_id in member_ids}
    for member_id, survivor_id in sql.rows(
        "SELECT id, survivor_id FROM members_member WHERE survivor_id = ANY(%s::bigint[])"
        " AND survivor_id <> id ORDER BY id",
        [list(member_ids)],
    ):
        merged[survivor_id].append(member_id)
    return {member_id: (member_id, *others) for member_id, others in merged.items()}


def get_member(*, member_id: int, scope: Scope) -> Member:
    """Answer the member who stands for this id; raises MemberNotFound, also out of scope."""
    within, params = scope.condition("m.home_store_id", "m.associate_id")
    found = sql.row(
        f"SELECT {COLUMNS} FROM members_member a JOIN members_member m ON m.id = a.survivor_id"
        f" WHERE a.id = %s::bigint AND {within}",
        [member_id, *params],
    )
    if found is None:
        raise MemberNotFound
    return member_of(found)


def get_by_public(*, public_id: UUID, scope: Scope) -> Member:
    """Answer the member who stands for this public id; raises MemberNotFound, also out of scope."""
    within, params = scope.condition("m.home_store_id", "m.associate_id")
    found = sql.row(
        f"SELECT {COLUMNS} FROM members_member a JOIN members_member m ON m.id = a.survivor_id"
        f" WHERE a.public_id = %s::uuid AND {within}",
        [public_id, *params],
    )
    if found is None:
        raise MemberNotFound
    return member_of(found)


def find_very_number(*, number: str) -> int | None:
    """Answer the very member a number was given to, merged or not, or None."""
    found = sql.row("SELECT id FROM members_member WHERE number = %s::text", [number.strip()])
    return None if found is None else int(found[0])


def find_by_public(*, public_id: UUID) -> int | None:
    """Answer the very member a public id was given to, merged or not, or None."""
    found = sql.row("SELECT id FROM members_member WHERE public_id = %s::uuid", [public_id])
    return None if found is None else int(found[0])


def visible(*, member_ids: Iterable[int], scope: Scope) -> set[int]:
    """Answer which of these members the scope may see, by whoever stands for each."""
    within, params = scope.condition("m.home_store_id", "m.associate_id")
    found = sql.rows(
        "SELECT a.id FROM members_member a JOIN members_member m ON m.id = a.survivor_id"
        f" WHERE a.id = ANY(%s::bigint[]) AND {within}",
        [list(member_ids), *params],
    )
    return {member_id for (member_id,) in found}


def find_by_number(*, number: str) -> int | None:
    """Answer the member who stands for this member number, or None."""
    found = sql.row(
        "SELECT survivor_id FROM members_member WHERE number = %s::text", [number.strip()]
    )
    return None if found is None else int(found[0])


def profile_values(*, member_ids: Sequence[int]) -> list[ProfileValue]:
    """Answer the profile values of these ids in full; mask before showing."""
    return _profile_values(member_ids)


def _profile_values(
    member_ids: Sequence[int], fields: Sequence[str] = tuple(FIELDS)
) -> list[ProfileValue]:
    found = sql.rows(
        "SELECT v.member_id, v.field, v.plain, v.sealed, v.set_at, k.wrapped"
        " FROM members_profilevalue v JOIN members_subjectkey k ON k.member_id = v.member_id"
        " WHERE v.member_id = ANY(%s::bigint[]) AND v.field = ANY(%s::text[])",
        [list(member_ids), list(fields)],
    )
    return [
        opened_value(field, plain, sealed, member_id, set_at, wrapped)
        for member_id, field, plain, sealed, set_at, wrapped in found
    ]


def masked_values(*, member_ids: Sequence[int]) -> list[ProfileValue]:
    """Answer the profile values of these ids as any reader of members may see them."""
    return [masked_value(value) for value in profile_values(member_ids=member_ids)]


def masked_value(value: ProfileValue) -> ProfileValue:
    """Answer a value as any reader of members may see it."""
    return replace(value, value=mask_value(FIELDS[value.field], value.value))


def said_at(*, member_id: int) -> dict[str, datetime]:
    """Answer when each field of a survivor was said, by whichever of its records stands."""
    values = sql.rows(
        "SELECT v.member_id, v.field, v.set_at FROM members_profilevalue v"
        " JOIN members_member m ON m.id = v.member_id WHERE m.survivor_id = %s::bigint",
        [member_id],
    )
    told = [ProfileValue(field, "", set_at, owner) for owner, field, set_at in values]
    chosen = survivor_profile(told, member_id=member_id)
    return {field: value.set_at for field, value in chosen.items()}


def opened_value(
    field: str,
    plain: str | None,
    sealed: bytes | None,
    member_id: int,
    set_at: datetime,
    wrapped: bytes,
) -> ProfileValue:
    """Build the value of a row, opening what is sealed; raises SealBroken."""
    context = profile_context(field, member_id)
    if sealed is not None:
        plain = crypto.unseal(bytes(sealed), key=bytes(wrapped), context=context)
    return ProfileValue(field=field, value=plain or "", set_at=set_at, member_id=member_id)


def made_by_batch(*, batch_id: int) -> list[int]:
    """List the active members whom an import batch enrolled."""
    found = sql.rows(
        "SELECT id FROM members_member WHERE batch_id = %s::bigint AND status = 'active'"
        " ORDER BY id",
        [batch_id],
    )
    return [member_id for (member_id,) in found]


def list_numbers(*, member_ids: Iterable[int]) -> dict[int, tuple[UUID, str]]:
    """Answer the public id and number of whoever stands for each of these members."""
    found = sql.rows(
        "SELECT a.id, m.public_id, m.number FROM members_member a"
        " JOIN members_member m ON m.id = a.survivor_id WHERE a.id = ANY(%s::bigint[])",
        [list(member_ids)],
    )
    return {member_id: (public_id, number) for member_id, public_id, number in found}


def erased_of(*, member_ids: Sequence[int]) -> list[int]:
    """Answer which of these have been erased."""
    found = sql.rows(
        "SELECT id FROM members_member WHERE id = ANY(%s::bigint[]) AND status = 'erased'",
        [list(member_ids)],
    )
    return [member_id for (member_id,) in found]


def count_members(*, scope: Scope) -> int:
    """Count the living members within the scope."""
    within, params = scope.condition("m.home_store_id", "m.associate_id")
    found = sql.row(
        f"SELECT count(*) FROM members_member m WHERE {within}"
        " AND m.status IN ('active', 'frozen')",
        params,
    )
    assert found is not None
    return int(found[0])


def tail_bucket(tail: str) -> int:
    """Answer the bucket of a phone's or card's last four; several endings share one."""
    return int.from_bytes(crypto.blind_index("identity.tail", tail)[:2]) % TAIL_BUCKETS


def rows_of(members: Sequence[Member], *, tail: str = "", reveal: bool = False) -> list[MemberRow]:
    """Answer lines of a list for these members, masked unless told otherwise."""
    ids = [member.id for member in members]
    every = aliases_of(member_ids=ids)
    names: dict[int, list[ProfileValue]] = {}
    owner = {alias: survivor for survivor, group in every.items() for alias in group}
    for value in _profile_values(list(owner), ["name", "nickname"]):
        names.setdefault(owner[value.member_id], []).append(value)
    kinds = (IdentityKind.PHONE, IdentityKind.CARD) if tail else (IdentityKind.PHONE,)
    held = identities.held_identities(member_ids=ids, kinds=kinds)
    tiers = marks.groups_of(member_ids=ids, kind="tier")
    shown: list[MemberRow] = []
    for member in members:
        mine = held.get(member.id, [])
        if tail and not any(one.value.upper().endswith(tail.upper()) for one in mine):
            continue
        chosen = survivor_profile(names.get(member.id, []), member_id=member.id)
        name = next(iter(chosen.values()), None)
        phones = [one for one in mine if one.kind is IdentityKind.PHONE]
        shown.append(
            MemberRow(
                id=member.id,
                public_id=member.public_id,
                number=member.number,
                status=member.status,
                joined_at=member.joined_at,
                home_store_id=member.home_store_id,
                name=_shown(name.value, reveal=reveal) if name else "",
                phone=(phones[-1] if reveal else identities.masked(phones[-1])).value
                if phones
                else "",
                tier=tiers.get(member.id, ""),
                ids=every[member.id],
            )
        )
    return shown


def _shown(name: str, *, reveal: bool) -> str:
    return name if reveal else mask_value(FIELDS["name"], name)
