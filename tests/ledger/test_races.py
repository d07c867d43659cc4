"""Many at once against one PostgreSQL, everything committed, real threads and real processes.

Whatever order they come in, nothing is spent twice, nothing is lost, and the ledger adds up.
"""

import os
import random
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.db import connections, transaction

from regulars.kit.errors import Refusal
from regulars.ledger import selectors
from regulars.ledger import services as ledger
from regulars.ledger.domain import (
    CURRENCIES,
    Currency,
    Earn,
    Gift,
    HoldExpired,
    HoldTooShort,
    InsufficientPoints,
    MergeRefused,
    Posting,
    Spend,
)
from regulars.ledger.domain.openings import Declaration, DeclaredLot
from regulars.web import clock, sql
from tests.ledger.making import NOON, a_restore, a_spend, an_earn, given, post
from tests.sizes import size

pytestmark = pytest.mark.usefixtures("committed_db")


@pytest.fixture(autouse=True)
def _adds_up(committed_db):
    """Prove the whole ledger after every test."""
    yield
    verdict = ledger.verify()
    assert verdict.is_clean, [finding for finding in verdict.findings if finding.bad]


def at_once(*works: Callable[[], Any]) -> list[Any]:
    """Run all at the same moment, each on a connection of its own; refusals are answers too."""
    gate = threading.Barrier(len(works))

    def run(work: Callable[[], Any]) -> Any:
        try:
            connections["default"].ensure_connection()
            gate.wait(timeout=30)
            return work()
        except Refusal as no:
            return no
        finally:
            connections.close_all()

    with ThreadPoolExecutor(len(works)) as pool:
        return list(pool.map(run, works))


def outcomes(answers: Sequence[Any]) -> Counter[str]:
    return Counter(answer[0].outcome.value for answer in answers)


def balance(member_id: int = 1, at: datetime = NOON) -> int:
    return selectors.get_balance(member_id=member_id, at=at).available


def saying(*postings: Posting) -> Callable[[], Any]:
    return lambda: post(*postings)


@pytest.mark.reliability("RA9")
def test_fifty_spend_the_same_hundred_and_one_does():
    given(an_earn(100))

    answers = at_once(*[saying(a_spend(100)) for _ in range(50)])

    assert outcomes(answers) == {"posted": 1, "refused": 49}
    refusals = {type(answer[0].refusal) for answer in answers if answer[0].refusal}
    assert refusals == {InsufficientPoints}


@pytest.mark.reliability("RA10")
def test_twenty_gifts_of_the_same_hundred_make_one():
    given(an_earn(100))

    def gift(recipient: int) -> Callable[[], Any]:
        return saying(
            Gift(id=uuid4(), member_id=1, recipient_id=recipient, amount=100, occurred_at=NOON)
        )

    answers = at_once(*[gift(recipient) for recipient in range(2, 22)])

    assert outcomes(answers) == {"posted": 1, "refused": 19}
    held = selectors.balances(member_ids=range(1, 22), at=NOON)
    assert sum(found.available for found in held.values()) == 100


@pytest.mark.reliability("RA11")
def test_one_id_said_fifty_times_at_once_is_one_posting():
    given(an_earn(100))
    spend = a_spend(30)

    answers = at_once(*[saying(spend) for _ in range(50)])

    assert outcomes(answers) == {"posted": 1, "exists": 49}
    assert balance() == 70


def test_one_id_for_two_members_at_once_is_one_posting():
    key = uuid4()

    answers = at_once(*[saying(an_earn(5, id=key, member_id=n)) for n in range(1, 9)])

    assert outcomes(answers) == {"posted": 1, "refused": 7}


@pytest.mark.reliability("RA14")
def test_spending_without_ever_having_had_an_account_is_refused():
    answers = at_once(*[saying(a_spend(1, member_id=5)) for _ in range(2)])

    assert outcomes(answers) == {"refused": 2}


def test_first_earns_of_one_member_meet_in_one_account():
    answers = at_once(*[saying(an_earn(1, member_id=n % 3)) for n in range(24)])

    assert outcomes(answers) == {"posted": 24}
    assert [balance(n) for n in range(3)] == [8, 8, 8]


def in_one_transaction(*batches: Sequence[Posting]) -> Callable[[], Any]:
    """Post in a transaction of the caller's, as a batch of orders does."""

    def work() -> Any:
        with transaction.atomic():
            return [answer for batch in batches for answer in post(*batch)]

    return work


def test_first_earns_in_larger_transactions_meet_in_one_account():
    def earns(n: int) -> list[Posting]:
        return [an_earn(1, member_id=n % 3, currency=each) for each in CURRENCIES[:2]]

    answers = at_once(*[in_one_transaction(earns(n)) for n in range(24)])

    assert Counter(each.outcome.value for answer in answers for each in answer) == {"posted": 48}
    assert [balance(n) for n in range(3)] == [8, 8, 8]


def test_one_first_earn_said_in_many_larger_transactions_is_one_posting():
    earn = an_earn(5)

    answers = at_once(*[in_one_transaction([earn]) for _ in range(12)])

    assert outcomes(answers) == {"posted": 1, "exists": 11}
    assert balance() == 5


def test_an_account_opened_in_a_transaction_is_there_for_its_next_batch():
    [first, second, spend] = in_one_transaction(
        [an_earn(5, usable_from=NOON)], [an_earn(3, usable_from=NOON)], [a_spend(7)]
    )()

    assert {first.outcome, second.outcome, spend.outcome} == {"posted"}
    assert balance() == 1


@pytest.mark.reliability("RJ2")
def test_one_balance_declared_by_two_imports_at_once_stands_once():
    def declared(event_id: int) -> Declaration:
        lots = (DeclaredLot(amount=60, earned_at=NOON, expires_at=None),)
        return Declaration(event_id, 1, Currency.POINTS, lots, NOON, batch_id=event_id)

    answers = at_once(
        *[lambda n=n: ledger.declare_balances([declared(n)], at=NOON) for n in range(1, 9)]
    )

    assert sorted(answer[0].opened for answer in answers) == [0] * 7 + [60]
    assert balance() == 60


@pytest.mark.reliability("RA15")
def test_gifts_in_opposite_directions_never_stand_in_each_others_way():
    members = (1, 2, 3, 4)
    given(*[an_earn(1000, member_id=member) for member in members])
    until = time.monotonic() + size(2.0, 60.0)

    def swap(number: int) -> int:
        draw, count = random.Random(number), 0
        while time.monotonic() < until:
            batch = []
            for _ in range(3):
                giver, taker = draw.sample(members, 2)
                batch.append(
                    Gift(
                        id=uuid4(), member_id=giver, recipient_id=taker, amount=1, occurred_at=NOON
                    )
                )
            assert all(answer.is_done or answer.refusal for answer in post(*batch))
            count += 1
        return count

    counts = at_once(*[lambda n=n: swap(n) for n in range(16)])

    assert all(isinstance(count, int) and count > 0 for count in counts), counts
    assert sum(balance(member) for member in members) == 4000


@pytest.mark.reliability("RA20")
@pytest.mark.parametrize("same_id", [True, False])
def test_twenty_refunds_of_one_spend_make_one(same_id):
    spend, key = a_spend(60), uuid4()
    given(an_earn(100), spend)

    answers = at_once(
        *[saying(a_restore(spend.id, id=key if same_id else uuid4())) for _ in range(20)]
    )

    found = outcomes(answers)
    assert found["posted"] == 1
    assert found["exists" if same_id else "refused"] == 19
    assert balance() == 100


@pytest.mark.reliability("RA21")
def test_a_point_is_spent_or_expires_and_never_both():
    now = clock.now()
    ends = now + timedelta(seconds=size(1.2, 3.0))
    given(
        Earn(
            id=uuid4(), member_id=1, amount=400, occurred_at=now, usable_from=now, expires_at=ends
        ),
        at=now,
    )

    def spend() -> int:
        spent = 0
        while clock.now() < ends + timedelta(seconds=0.4):
            at = clock.now()
            [answer] = ledger.post([a_spend(1, id=uuid4(), occurred_at=at)], at=at)
            spent += answer.taken
        return spent

    def sweep() -> int:
        expired = 0
        while clock.now() < ends + timedelta(seconds=0.8):
            expired += ledger.expire_points(at=clock.now())
            time.sleep(0.01)
        return expired

    spent = at_once(*[spend for _ in range(size(8, 40))], sweep, sweep)

    assert sum(spent) == 400
    late = sql.row(
        "SELECT count(*) FROM ledger_transfer WHERE kind = 2 AND recorded_at >= %s::timestamptz",
        [ends],
    )
    assert late == (0,)


_SWEEPER = """
import django; django.setup()
from regulars.ledger import services
from regulars.web import clock
print("ready", flush=True)
while services.expire_points(at=clock.now(), limit=20): pass
"""


@pytest.mark.reliability("RA22")
def test_sweepers_killed_in_the_middle_expire_every_lot_once(committed_db):
    past = clock.now() - timedelta(days=1)
    batch = [an_earn(3, member_id=n, ends=None) for n in range(1, size(800, 4000))]
    given(*batch)
    sql.run("UPDATE ledger_lot SET expires_at = %s::timestamptz", [past])

    for _ in range(size(2, 20)):
        sweepers = [_sweeper(committed_db) for _ in range(2)]
        for sweeper in sweepers:
            assert sweeper.stdout is not None
            assert sweeper.stdout.readline() == "ready\n"
        time.sleep(random.random() * 0.05)
        for sweeper in sweepers:
            sweeper.kill()
            sweeper.communicate()
    while ledger.expire_points(at=clock.now()):
        pass

    [total] = sql.rows("SELECT sum(amount)::bigint, count(*) FROM ledger_transfer WHERE kind = 3")
    assert total == (3 * len(batch), len(batch))


def _sweeper(database: str) -> subprocess.Popen[str]:
    settings = connections["default"].settings_dict
    options = settings["OPTIONS"]
    passfile = f"&passfile={options['passfile']}" if "passfile" in options else ""
    url = (
        f"postgresql://{settings['USER']}@/{database}?host={settings['HOST']}"
        f"&port={settings['PORT']}{passfile}"
    )
    environment = {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": "regulars.settings",
        "DATABASE_URL": url,
        "PYTHONPATH": "src",
    }
    return subprocess.Popen(
        [sys.executable, "-c", _SWEEPER], stdout=subprocess.PIPE, text=True, env=environment
    )


@pytest.mark.reliability("RA23")
def test_a_hold_is_committed_or_runs_out_and_never_both():
    now = clock.now()
    given(an_earn(1000, ends=None, at=now), at=now)
    ends = now + timedelta(seconds=0.6)
    holds = [uuid4() for _ in range(20)]
    for hold_id in holds:
        ledger.hold_points(hold_id=hold_id, member_id=1, amount=10, expires_at=ends, at=now)

    def commit(hold_id: UUID) -> Any:
        time.sleep(random.random() * 0.5 + 0.35)
        return ledger.commit_hold(hold_id=hold_id, at=clock.now())

    def sweep() -> None:
        while clock.now() < ends + timedelta(seconds=0.5):
            ledger.expire_holds(at=clock.now())

    answers = at_once(*[lambda h=h: commit(h) for h in holds], sweep)[:-1]

    committed = sum(1 for answer in answers if not isinstance(answer, Refusal))
    assert all(isinstance(a, HoldExpired) for a in answers if isinstance(a, Refusal))
    assert balance(at=clock.now()) == 1000 - 10 * committed


@pytest.mark.reliability("RA24")
def test_holds_spends_and_the_sweeper_share_a_lot_without_harm():
    now = clock.now()
    ends = now + timedelta(seconds=1.0)
    given(
        Earn(
            id=uuid4(), member_id=1, amount=500, occurred_at=now, usable_from=now, expires_at=ends
        ),
        at=now,
    )

    def hold_and_settle(number: int) -> None:
        while clock.now() < ends + timedelta(seconds=0.4):
            at, hold_id = clock.now(), uuid4()
            try:
                ledger.hold_points(
                    hold_id=hold_id, member_id=1, amount=7, at=at,
                    expires_at=at + timedelta(seconds=0.3),
                )  # fmt: skip
                if number % 2:
                    ledger.commit_hold(hold_id=hold_id, amount=3, at=clock.now())
                else:
                    ledger.void_hold(hold_id=hold_id, at=clock.now())
            except (InsufficientPoints, HoldExpired, HoldTooShort):
                time.sleep(0.01)

    def sweep() -> None:
        while clock.now() < ends + timedelta(seconds=0.9):
            ledger.expire_points(at=clock.now())
            ledger.expire_holds(at=clock.now())

    answers = at_once(*[lambda n=n: hold_and_settle(n) for n in range(6)], sweep)

    assert [answer for answer in answers if isinstance(answer, Refusal)] == []
    assert selectors.get_balance(member_id=1, at=clock.now()).available == 0


@pytest.mark.reliability("RA27")
def test_a_merge_in_the_middle_of_everything_loses_nothing():
    given(an_earn(500), an_earn(500, member_id=2))
    moved = threading.Event()

    def earn(member_id: int) -> int:
        count = 0
        while not moved.is_set() or count < 20:
            given(an_earn(1, member_id=member_id))
            count += 1
        return count

    def spend(member_id: int) -> int:
        spent = 0
        while not moved.is_set() or spent < 5:
            spent += post(a_spend(1, member_id=member_id))[0].taken
        return -spent

    def hold(member_id: int) -> int:
        hold_id, ends = uuid4(), NOON + timedelta(hours=1)
        ledger.hold_points(hold_id=hold_id, member_id=member_id, amount=9, at=NOON, expires_at=ends)
        moved.wait(timeout=20)
        return -ledger.commit_hold(hold_id=hold_id, at=NOON).taken

    def merge() -> int:
        time.sleep(0.3)
        ledger.merge_members(winner_id=2, loser_id=1, merge_id=1, at=NOON)
        moved.set()
        return 0

    works = [lambda w=w, m=m: w(m) for w in (earn, spend, hold) for m in (1, 2)]
    answers = at_once(*works, lambda: earn(1), merge)

    assert selectors.get_balance(member_id=2, at=NOON).available == 1000 + sum(answers)
    assert selectors.get_balance(member_id=1, at=NOON).available == 0


@pytest.mark.reliability("RA27")
def test_of_two_merges_against_each_other_one_wins():
    given(an_earn(100), an_earn(50, member_id=2))

    answers = at_once(
        lambda: ledger.merge_members(winner_id=1, loser_id=2, merge_id=1, at=NOON),
        lambda: ledger.merge_members(winner_id=2, loser_id=1, merge_id=2, at=NOON),
    )

    assert sum(isinstance(answer, MergeRefused) for answer in answers) == 1
    assert balance(1) + balance(2) == 150


def test_two_writers_of_overlapping_batches_of_new_members_both_finish():
    def batch(number: int) -> list[Posting]:
        draw = random.Random(number)
        return [
            an_earn(1, member_id=draw.randint(1, 300)) if draw.random() < 0.8
            else Spend(id=uuid4(), member_id=draw.randint(1, 300), amount=1, occurred_at=NOON)
            for _ in range(200)
        ]  # fmt: skip

    def write(number: int) -> int:
        return sum(a.taken for n in range(8) for a in post(*batch(number * 100 + n)) if a.is_done)

    answers = at_once(*[lambda n=n: write(n) for n in range(6)])

    assert all(isinstance(answer, int) for answer in answers), answers
