"""The proof of people is proved: every planted corruption is found by the check meant for it."""

from collections.abc import Callable

import pytest

from regulars.members import selectors, services
from regulars.members.domain import INVARIANTS
from regulars.web import sql
from tests.members.people import LATER, NOON, a_member_row, phone
from tests.members.test_services import SYSTEM, enrol, merge

pytestmark = pytest.mark.django_db


def wrong() -> dict[str, list[str]]:
    found = {one.name: [row[0] for row in sql.rows(one.bad)] for one in INVARIANTS}
    found["lookups"] = list(selectors.try_lookups().bad)
    return {name: ids for name, ids in found.items() if ids}


def a_town() -> list[int]:
    """Six members: one merged into another through a chain, one parted again, one erased."""
    members = [enrol(phone(n), profile={"name": f"N{n}"}, tags=("tea",)) for n in range(6)]
    merge(members[1], members[0])
    merge(members[2], members[1])
    services.unmerge(merge_id=merge(members[2], members[3]), at=LATER, actor=SYSTEM)
    services.erase(member_id=members[5], at=LATER, actor=SYSTEM, reason_code="request")
    services.erase(member_id=merge_of_two(), at=LATER, actor=SYSTEM, reason_code="request")
    return members


def merge_of_two() -> int:
    winner, loser = enrol(phone(8)), enrol(phone(9))
    merge(winner, loser)
    return winner


CORRUPTIONS: dict[str, tuple[str, str]] = {
    "an alias that leads elsewhere": (
        "aliases",
        "UPDATE members_member SET survivor_id = {4} WHERE id = {0}",
    ),
    "a merged member without its merge": (
        "merges",
        "UPDATE members_merge SET undone_at = now() WHERE loser_id = {0}",
    ),
    "an identity of a merged member": (
        "identity_holders",
        "UPDATE members_identity SET member_id = {0} WHERE subject_id = {0}",
    ),
    "an identity handed to a stranger": (
        "identity_holders",
        "UPDATE members_identity SET member_id = {4} WHERE subject_id = {3}",
    ),
    "a key that is gone": (
        "identity_holders",
        "DELETE FROM members_subjectkey WHERE member_id = {4}",
    ),
    "an erased member with a name": (
        "erased",
        "UPDATE members_profilevalue SET member_id = {5} WHERE member_id = {4}",
    ),
    "an index of another phone": (
        "lookups",
        "UPDATE members_identity SET lookup = sha256(lookup) WHERE subject_id = {4}",
    ),
}


class TestInvariants:
    def test_hold_after_everything_that_may_happen_to_people(self) -> None:
        a_town()

        assert wrong() == {}

    @pytest.mark.parametrize("name", CORRUPTIONS)
    def test_find_what_was_corrupted(self, name: str) -> None:
        check, corruption = CORRUPTIONS[name]
        town = a_town()

        sql.run(corruption.format(*town))

        assert check in wrong()

    def test_try_as_many_as_asked(self) -> None:
        services.resolve_identities([a_member_row(phone(n)) for n in range(5)], at=NOON)
        probe: Callable[..., selectors.checks.Tried] = selectors.try_lookups

        assert probe(sample=3).scanned == 3
