"""Members under parallel writers: real threads, real commits, nobody made twice, nothing lost."""

import random
import threading
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connections, transaction

from regulars.access.domain import Actor, Scope
from regulars.kit.errors import Refusal
from regulars.members import selectors, services
from regulars.members.domain import Outcome, Status, TagSource
from regulars.web import sql
from tests.members.people import NOON, a_member_row, a_sighting, email, phone
from tests.sizes import size

SYSTEM = Actor.system()
ALL = Scope.all()


def at_once(*works: Callable[[], Any]) -> list[Any]:
    """Run every work in a thread of its own, started together; answer results or exceptions."""
    start = threading.Barrier(len(works))
    results: list[Any] = [None] * len(works)

    def run(place: int, work: Callable[[], Any]) -> None:
        start.wait()
        try:
            results[place] = work()
        except Exception as error:  # noqa: BLE001 the test looks at what came out
            results[place] = error
        finally:
            connections.close_all()

    threads = [threading.Thread(target=run, args=item) for item in enumerate(works)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results


def resolve(*sightings: Any) -> list[int | None]:
    return [one.member_id for one in services.resolve_identities(sightings, at=NOON)]


def enrol(*identities: Any) -> int:
    (member_id,) = resolve(a_member_row(*identities))
    assert member_id is not None
    return member_id


@pytest.mark.capability("A2")
class TestResolveAtOnce:
    def test_two_batches_with_the_same_strangers_never_make_two_members(
        self, committed_db: str
    ) -> None:
        numbers = range(size(60, 2_000))

        def batch(seed: int) -> Callable[[], list[int | None]]:
            order = random.Random(seed).sample(numbers, len(numbers))
            return lambda: [
                one
                for _, one in sorted(
                    zip(order, resolve(*(a_sighting(phone(n)) for n in order)), strict=True)
                )
            ]

        results = at_once(*(batch(seed) for seed in range(6)))

        assert not [one for one in results if isinstance(one, Exception)]
        assert all(one == results[0] for one in results)
        assert sql.row("SELECT count(*), count(DISTINCT member_id) FROM members_identity") == (
            len(numbers),
            len(numbers),
        )
        assert sql.row("SELECT count(*) FROM members_member") == (len(numbers),)
        assert sql.row("SELECT count(*) FROM events_event WHERE type = 'member.enrolled'") == (
            len(numbers),
        )

    def test_a_phone_and_an_email_seen_apart_and_together_end_with_one_holder_each(
        self, committed_db: str
    ) -> None:
        rounds = size(15, 300)
        for number in range(rounds):
            results = at_once(
                lambda n=number: resolve(a_sighting(phone(n), email(str(n)))),
                lambda n=number: resolve(a_sighting(email(str(n)))),
                lambda n=number: resolve(a_sighting(phone(n))),
            )
            assert not [one for one in results if isinstance(one, Exception)], results

        doubled = sql.row(
            "SELECT count(*) FROM members_member m WHERE NOT EXISTS"
            " (SELECT 1 FROM members_identity i WHERE i.member_id = m.id)"
        )
        assert doubled == (0,)
        assert sql.row("SELECT count(*) FROM members_identity") == (2 * rounds,)


@pytest.mark.reliability("RA27")
class TestMergeAtOnce:
    def test_a_into_b_and_b_into_a_at_once_one_wins(self, committed_db: str) -> None:
        for number in range(size(8, 200)):
            ann, bob = enrol(phone(2 * number)), enrol(phone(2 * number + 1))

            results = at_once(
                lambda a=ann, b=bob: services.merge(winner_id=a, loser_id=b, at=NOON, actor=SYSTEM),
                lambda a=ann, b=bob: services.merge(winner_id=b, loser_id=a, at=NOON, actor=SYSTEM),
            )

            refused = [one for one in results if isinstance(one, Refusal)]
            assert [one.code for one in refused] == ["members.member_merged"]
            assert len(set(selectors.survivors(member_ids=[ann, bob]).values())) == 1

    def test_what_arrives_during_a_merge_lands_on_the_survivor(self, committed_db: str) -> None:
        for number in range(size(6, 100)):
            ann, bob = enrol(phone(2 * number)), enrol(phone(2 * number + 1))

            def arrive(seed: int, n: int = number) -> Callable[[], None]:
                def work() -> None:
                    for step in range(8):
                        with transaction.atomic():
                            (member_id,) = resolve(a_sighting(phone(2 * n + 1)))
                            rows = [services.TagRow(member_id or 0, f"{seed}.{step}")]
                            services.tag(rows=rows, source=TagSource.RULE, at=NOON)

                return work

            results = at_once(
                *(arrive(seed) for seed in range(6)),
                lambda a=ann, b=bob: services.merge(winner_id=a, loser_id=b, at=NOON, actor=SYSTEM),
            )

            assert not [one for one in results if isinstance(one, Exception)], results
            tags = sql.rows(
                "SELECT member_id, count(*) FROM members_tag WHERE member_id = ANY(%s::bigint[])"
                " GROUP BY member_id",
                [[ann, bob]],
            )
            assert tags == [(ann, 48)]

    def test_merge_and_unmerge_against_each_other_leave_a_whole_tree(
        self, committed_db: str
    ) -> None:
        members = [enrol(phone(n)) for n in range(6)]

        def wander(seed: int) -> Callable[[], None]:
            def work() -> None:
                dice = random.Random(seed)
                for _ in range(size(12, 300)):
                    winner, loser = dice.sample(members, 2)
                    standing = [
                        one for one in selectors.list_merges(member_id=loser) if not one.undone_at
                    ]
                    try:
                        if standing and dice.random() < 0.5:
                            services.unmerge(merge_id=standing[0].id, at=NOON, actor=SYSTEM)
                        else:
                            services.merge(winner_id=winner, loser_id=loser, at=NOON, actor=SYSTEM)
                    except Refusal:
                        continue

            return work

        results = at_once(*(wander(seed) for seed in range(4)))

        assert not [one for one in results if isinstance(one, Exception)], results
        rows = sql.rows("SELECT id, survivor_id, merged_into_id, status FROM members_member")
        parent = {one: into for one, _, into, _ in rows}
        for one, survivor, into, status in rows:
            end = one
            while parent[end] is not None:
                end = parent[end]
            assert survivor == end
            assert (status == "merged") == (into is not None)
        holders = dict(sql.rows("SELECT subject_id, member_id FROM members_identity"))
        assert holders == {one: survivor for one, survivor, _, _ in rows}


@pytest.mark.reliability("RG1")
class TestEraseAtOnce:
    def test_an_import_with_the_same_phone_brings_nobody_back(self, committed_db: str) -> None:
        for number in range(size(8, 200)):
            ann = enrol(phone(number))

            results = at_once(
                lambda a=ann: services.erase(
                    member_id=a, at=NOON, actor=SYSTEM, reason_code="request"
                ),
                *(lambda n=number: resolve(a_member_row(phone(n))) for _ in range(4)),
            )

            assert not [one for one in results if isinstance(one, Exception)], results
            assert {one[0] for one in results[1:]} <= {ann, None}
            (answer,) = services.resolve_identities([a_member_row(phone(number))], at=NOON)
            assert answer.outcome is Outcome.BLOCKED
            assert selectors.get_member(member_id=ann, scope=ALL).status is Status.ERASED
        assert sql.row("SELECT count(*) FROM members_profilevalue") == (0,)
