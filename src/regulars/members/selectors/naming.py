"""Name members in lists of other things: masked, those in scope, whoever stands for them now."""

from collections.abc import Iterable
from dataclasses import dataclass
from uuid import UUID

from regulars.access.domain import Scope
from regulars.members.domain import FIELDS, IdentityKind, ProfileValue, mask_value, survivor_profile
from regulars.members.selectors import identities
from regulars.members.selectors.people import COLUMNS, _profile_values, member_of
from regulars.web import sql


@dataclass(frozen=True, slots=True)
class Named:
    """A member as other lists name one: masked name and phone, number, public id."""

    id: int
    public_id: UUID
    number: str
    name: str
    phone: str


def names_of(*, member_ids: Iterable[int], scope: Scope) -> dict[int, Named]:
    """Answer how to name each of these members that is in scope, by the id asked for.

    A merged member is named as its survivor; erased ones and those out of scope are left out.
    """
    asked = sorted(set(member_ids))
    if not asked:
        return {}
    within, params = scope.condition("m.home_store_id", "m.associate_id")
    found = sql.rows(
        f"SELECT a.id, {COLUMNS} FROM members_member a JOIN members_member m"
        f" ON m.id = a.survivor_id WHERE a.id = ANY(%s::bigint[]) AND {within}"
        " AND m.status IN ('active', 'frozen')",
        [asked, *params],
    )
    members = {row[1]: member_of(row[1:]) for row in found}
    names: dict[int, list[ProfileValue]] = {}
    owners = {row[0]: row[1] for row in found} | {each: each for each in members}
    for value in _profile_values(list(owners), ["name", "nickname"]):
        names.setdefault(owners[value.member_id], []).append(value)
    held = identities.held_identities(member_ids=list(members), kinds=(IdentityKind.PHONE,))
    named: dict[int, Named] = {}
    for member in members.values():
        chosen = survivor_profile(names.get(member.id, []), member_id=member.id)
        name = next(iter(chosen.values()), None)
        phones = held.get(member.id, [])
        named[member.id] = Named(
            id=member.id,
            public_id=member.public_id,
            number=member.number,
            name=mask_value(FIELDS["name"], name.value) if name else "",
            phone=identities.masked(phones[-1]).value if phones else "",
        )
    return {row[0]: named[row[1]] for row in found}
