"""Rows through the doors of ingest: one answer per row, good rows in, nothing lost."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from django.db import OperationalError

from regulars.access.domain import Actor, Scope
from regulars.commerce import selectors as commerce
from regulars.commerce.services import writing
from regulars.events import selectors as log
from regulars.ingest import domain, selectors, services
from regulars.ingest.domain import (
    AmountsRow,
    BalanceLotRow,
    BalanceRow,
    Change,
    EventRow,
    LineRow,
    MemberRef,
    MemberRow,
    OrderRow,
    Outcome,
    ProductRow,
    StoreRow,
)
from regulars.ingest.services import running
from regulars.members import selectors as members
from regulars.members import services as people
from regulars.members.domain import MatchPolicy
from regulars.members.selectors import gates
from regulars.web import sql
from tests.ingest.rows import AT, PHONE, a_refund, a_source, an_order, words

pytestmark = pytest.mark.django_db
EVERYTHING = Scope.all()


def the_order(public_id: str | None) -> Any:
    assert public_id is not None
    return commerce.get_order(public_id=UUID(public_id), scope=EVERYTHING)


def count(table: str) -> int:
    found = sql.row(f"SELECT count(*) FROM {table}")
    assert found is not None
    return int(found[0])


def erase(member_id: int) -> None:
    people.erase(member_id=member_id, at=AT, actor=Actor.system("test"), reason_code="own_request")


@pytest.mark.capability("A1")
class TestApplyOrders:
    def test_enrols_the_buyer_and_records_the_order(self) -> None:
        (done,) = services.apply_orders([an_order()], source=a_source(), at=AT)

        assert (done.outcome, done.change) == (Outcome.APPLIED, Change.NEW)
        order = the_order(done.id)
        assert order.net_minor == 10_000
        assert order.member_id is not None

    def test_answers_exists_for_a_repeated_row(self) -> None:
        rows = [an_order(), an_order()]

        first = services.apply_orders(rows, source=a_source(), at=AT)
        again = services.apply_orders(rows, source=a_source(), at=AT)

        assert words(again) == ["exists", "exists"]
        assert first[0].id == again[0].id

    @pytest.mark.reliability("RA16")
    def test_refuses_bad_rows_alone(self) -> None:
        rows = [
            an_order("A"),
            an_order("B", amounts=AmountsRow(goods="1e3")),
            an_order("C", amounts=AmountsRow(goods="-5.00")),
            an_order("D", currency="cny"),
            an_order("E", lines=(LineRow(sku="x", amount="1.00", quantity=Decimal("NaN")),)),
            an_order("F\x00"),
            an_order("G", paid_at=datetime(1, 1, 1, tzinfo=UTC)),
            an_order("H", amounts=AmountsRow(goods="99999999999999.00")),
            an_order("I", member=MemberRef(member_id="nobody")),
            an_order("J"),
        ]

        done = services.apply_orders(rows, source=a_source(), at=AT)

        assert words(done) == ["applied", *["refused"] * 8, "applied"]
        assert [outcome.facts.get("field") for outcome in done[1:8]] == [
            "amounts.goods",
            "amounts.goods",
            "currency",
            "lines.quantity",
            "external_id",
            "paid_at",
            "amounts.goods",
        ]

    @pytest.mark.reliability("RC6")
    def test_clamps_the_future_and_reads_times_without_offset_in_the_source_zone(self) -> None:
        source = a_source("shanghai", zone="Asia/Shanghai")
        ahead = an_order("A", paid_at=AT + timedelta(days=1))
        naive = an_order("B", paid_at=datetime(2026, 3, 1, 18), created_at=None)

        clamped, local = services.apply_orders([ahead, naive], source=source, at=AT)

        assert clamped.facts["clamped"] == ["paid_at"]
        assert the_order(clamped.id).paid_at == AT
        assert the_order(local.id).paid_at == datetime(2026, 3, 1, 10, tzinfo=UTC)

    @pytest.mark.reliability("RC6")
    def test_keeps_and_flags_what_is_older_than_a_live_source_sends(self) -> None:
        old = an_order(paid_at=AT - timedelta(days=3_650), created_at=None)

        (live,) = services.apply_orders([old], source=a_source(), at=AT)
        (file,) = services.apply_orders(
            [old], source=a_source("f", kind=domain.SourceKind.FILE), at=AT
        )

        assert (live.outcome, live.facts.get("late")) == (Outcome.APPLIED, True)
        assert "late" not in file.facts

    def test_keeps_an_order_of_an_unknown_store_and_links_it_when_the_store_comes(self) -> None:
        (done,) = services.apply_orders([an_order(store="S9")], source=a_source(), at=AT)

        services.apply_stores([StoreRow(code="S9", name="Ninth")], source=a_source(), at=AT)

        assert done.facts == {"store": "unknown"}
        assert the_order(done.id).store_id is not None

    def test_estimates_the_moments_a_state_implies(self) -> None:
        row = an_order(state="completed", paid_at=None, updated_at=AT)

        (done,) = services.apply_orders([row], source=a_source(), at=AT)

        order = the_order(done.id)
        assert (order.state, order.paid_at, order.completed_at) == ("completed", AT, AT)

    def test_adds_up_the_lines_where_no_amounts_are_said(self) -> None:
        (done,) = services.apply_orders([an_order(amounts=None)], source=a_source(), at=AT)

        assert the_order(done.id).net_minor == 10_000

    @pytest.mark.reliability("RH1")
    def test_refuses_orders_outside_the_callers_stores(self) -> None:
        stores = [StoreRow(code="A", name="A"), StoreRow(code="B", name="B")]
        services.apply_stores(stores, source=a_source(), at=AT)
        ids = {row[0]: row[1] for row in sql.rows("SELECT code, id FROM access_store")}
        mine = Scope(store_ids=(ids["A"],))
        services.apply_orders([an_order("B-1", store="B")], source=a_source(), at=AT)

        done = services.apply_orders(
            [an_order("1", store="A"), an_order("2", store="B"), an_order("B-1", store="A")],
            source=a_source(),
            at=AT,
            scope=mine,
        )
        refund = services.apply_refunds([a_refund("B-1")], source=a_source(), at=AT, scope=mine)

        assert words(done) == ["applied", "refused", "refused"]
        assert (words(refund), refund[0].code) == (["refused"], "ingest.row_out_of_scope")


class TestBuyers:
    def test_keep_an_order_without_a_usable_name_unattributed(self) -> None:
        masked = an_order(member=MemberRef(phone="138****8000"))

        (done,) = services.apply_orders([masked], source=a_source(), at=AT)

        assert done.facts == {"unattributed": True, "ignored": ["phone.masked"]}
        assert the_order(done.id).member_id is None

    def test_find_their_orders_when_they_become_known(self) -> None:
        policy = MatchPolicy(enrol_on_first_order=False)
        people.set_policy(policy=policy, at=AT, actor=Actor.system("test"))
        (done,) = services.apply_orders([an_order()], source=a_source(), at=AT)

        services.apply_members([MemberRow(phone=PHONE)], source=a_source(), at=AT)

        assert done.facts == {"unattributed": True}
        assert the_order(done.id).member_id is not None
        told = sql.rows("SELECT facts->>'change' FROM events_event WHERE type = 'order.recorded'")
        assert [change for (change,) in told] == ["paid", "attributed"]

    def test_who_are_erased_leave_nothing_that_waits(self) -> None:
        (member,) = services.apply_members([MemberRow(phone=PHONE)], source=a_source(), at=AT)
        rows = [an_order(), an_order("T-2", member=None)]
        services.apply_orders(rows, source=a_source(), at=AT)
        held = sql.rows("SELECT lookup FROM members_identity")[0][0]
        orders = [row[0] for row in sql.rows("SELECT id FROM commerce_order ORDER BY external_id")]
        writing.await_buyers([(bytes(held), orders[1]), (b"another", orders[0])])

        (member_id,) = members.ids_by_public(public_ids=[UUID(member.id or "")]).values()
        people.erase(member_id=member_id, at=AT, actor=Actor.system("test"), reason_code="request")

        assert sql.rows("SELECT identity FROM commerce_waitingbuyer") == []

    def test_may_be_named_by_their_public_id(self) -> None:
        (member,) = services.apply_members([MemberRow(phone=PHONE)], source=a_source(), at=AT)

        row = an_order(member=MemberRef(member_id=member.id))
        (done,) = services.apply_orders([row], source=a_source(), at=AT)

        assert members.public_ids(member_ids=[the_order(done.id).member_id]) == {
            the_order(done.id).member_id: UUID(member.id or "")
        }

    def test_who_are_erased_and_named_by_public_id_are_nobody(self) -> None:
        (member,) = services.apply_members([MemberRow(phone=PHONE)], source=a_source(), at=AT)
        (member_id,) = members.ids_by_public(public_ids=[UUID(member.id or "")]).values()
        actor = Actor.system("test")
        people.erase(member_id=member_id, at=AT, actor=actor, reason_code="request")

        row = an_order(member=MemberRef(member_id=member.id))
        (done,) = services.apply_orders([row], source=a_source(), at=AT)
        balance = BalanceRow(member=row.member, currency="points", amount=5, as_of=AT)
        (declared,) = services.apply_balances([balance], source=a_source(), at=AT)

        assert (done.outcome, done.facts) == (Outcome.APPLIED, {"unattributed": True})
        assert the_order(done.id).member_id is None
        assert count("loyalty_award WHERE points > 0") == 0
        assert (declared.outcome, declared.code) == (Outcome.REFUSED, "ingest.no_identity")

    @pytest.mark.reliability("RA27")
    def test_whoever_is_named_by_public_id_is_not_merged_meanwhile(self) -> None:
        (member,) = services.apply_members([MemberRow(phone=PHONE)], source=a_source(), at=AT)
        row = an_order(member=MemberRef(member_id=member.id))

        services.apply_orders([row], source=a_source(), at=AT)

        held = sql.rows(
            "SELECT objid FROM pg_locks WHERE locktype = 'advisory' AND mode = 'ShareLock'"
            " AND pid = pg_backend_pid() AND classid::bigint = %s::bigint",
            [gates.NAMESPACE],
        )
        found = {gate for (gate,) in held}
        order = the_order(services.apply_orders([row], source=a_source(), at=AT)[0].id)
        assert set(gates.gates_of(member_ids=[order.member_id])) <= found

    def test_are_one_person_across_names(self) -> None:
        both = MemberRef(phone=PHONE, card="C-1")

        done = services.apply_orders(
            [
                an_order("A", member=both),
                an_order("B", member=MemberRef(card="C-1")),
                an_order("C", member=MemberRef(external_id="u-1", phone=PHONE)),
            ],
            source=a_source(),
            at=AT,
        )

        assert len({the_order(each.id).member_id for each in done}) == 1


class TestMergedBuyers:
    def test_show_their_orders_together_and_part_again(self) -> None:
        first, second = services.apply_orders(
            [an_order("A"), an_order("B", member=MemberRef(card="C-1"))], source=a_source(), at=AT
        )
        ids = [the_order(each.id).member_id for each in (first, second)]

        merge = people.merge(winner_id=ids[0], loser_id=ids[1], at=AT, actor=Actor.system("test"))
        together = commerce.list_orders(scope=EVERYTHING, member_id=ids[0]).items
        late = an_order("B", state="completed", completed_at=AT, member=MemberRef(card="C-1"))
        services.apply_orders([late], source=a_source(), at=AT)
        people.unmerge(merge_id=merge.id, at=AT, actor=Actor.system("test"))
        apart = commerce.list_orders(scope=EVERYTHING, member_id=ids[0]).items

        assert [order.number for order in together] == ["B", "A"]
        assert [order.number for order in apart] == ["A"]
        told = sql.rows(
            "SELECT member_id FROM events_event WHERE type = 'order.recorded'"
            " AND facts->>'change' = 'completed'"
        )
        assert told == [(ids[0],)]


class TestErasedBuyers:
    @pytest.mark.reliability("RG2")
    def test_take_parked_rows_and_letters_with_them(self) -> None:
        (order,) = services.apply_orders([an_order()], source=a_source(), at=AT)
        lost = a_refund("T-9", member=MemberRef(phone=PHONE))
        gone = a_refund("T-8", external_id="R-8", member=MemberRef(phone=PHONE))
        services.apply_refunds([lost], source=a_source(), at=AT - timedelta(days=8))
        services.expire_parked(at=AT)
        services.apply_refunds([gone], source=a_source(), at=AT)

        erase(the_order(order.id).member_id)
        (again,) = services.apply_orders([an_order("T-2")], source=a_source(), at=AT)

        assert (selectors.count_parked(), log.count_dead_letters()) == (0, 0)
        assert again.facts["unattributed"] is True
        assert count("commerce_waitingbuyer") == 0

    @pytest.mark.reliability("RG3")
    def test_let_their_orders_go_on(self) -> None:
        (order,) = services.apply_orders([an_order()], source=a_source(), at=AT)
        erase(the_order(order.id).member_id)

        done = services.apply_orders(
            [an_order(state="completed", completed_at=AT)], source=a_source(), at=AT
        )
        refund = services.apply_refunds([a_refund()], source=a_source(), at=AT)

        assert words(done + refund) == ["applied", "applied"]
        assert the_order(order.id).net_minor == 7_500


class TestApplyRefunds:
    def test_takes_from_the_order(self) -> None:
        (order,) = services.apply_orders([an_order()], source=a_source(), at=AT)

        (done,) = services.apply_refunds([a_refund()], source=a_source(), at=AT)

        assert (done.outcome, the_order(order.id).net_minor) == (Outcome.APPLIED, 7_500)

    @pytest.mark.reliability("RC3")
    def test_waits_for_an_order_that_comes_later(self) -> None:
        (parked,) = services.apply_refunds([a_refund()], source=a_source(), at=AT)
        services.apply_refunds([a_refund()], source=a_source(), at=AT)

        (order,) = services.apply_orders([an_order()], source=a_source(), at=AT)

        assert (parked.outcome, parked.facts["waits_for"]) == (Outcome.PARKED, "order")
        assert the_order(order.id).net_minor == 7_500
        assert selectors.count_parked() == 0

    @pytest.mark.reliability("RC3")
    def test_becomes_a_dead_letter_after_seven_days_and_can_be_booked(self) -> None:
        services.apply_refunds([a_refund()], source=a_source(), at=AT)

        assert services.expire_parked(at=AT + timedelta(days=6)) == 0
        assert services.expire_parked(at=AT + timedelta(days=7)) == 1
        (letter,) = log.list_dead_letters()
        (booked,) = services.book_letters(ids=[letter.id], at=AT)

        assert letter.error_code == "ingest.order_never_came"
        assert booked.outcome == "applied"
        assert log.count_dead_letters() == 0
        assert sql.rows("SELECT order_id, amount_minor FROM commerce_refund") == [(None, 2_500)]

    def test_swept_up_where_the_order_came_at_the_same_moment(self) -> None:
        services.apply_refunds([a_refund()], source=a_source(), at=AT)
        sql.run("UPDATE ingest_parked SET parent = 'other'")
        (order,) = services.apply_orders([an_order()], source=a_source(), at=AT)
        sql.run("UPDATE ingest_parked SET parent = 'T-1'")

        assert services.apply_parked(at=AT) == 1
        assert the_order(order.id).net_minor == 7_500

    def test_that_waited_and_breaks_is_buried_without_its_order(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        rows = [a_refund(), a_refund(external_id="R-2", amount="5.00")]
        services.apply_refunds(rows, source=a_source(), at=AT)
        real = services.parking.refund_meaning

        def breaks(row: Any, **parts: Any) -> Any:
            if row.external_id == "R-2":
                raise ZeroDivisionError
            return real(row, **parts)

        monkeypatch.setattr(services.parking, "refund_meaning", breaks)
        (order,) = services.apply_orders([an_order()], source=a_source(), at=AT)

        assert the_order(order.id).net_minor == 7_500
        assert [each.error_code for each in log.list_dead_letters()] == ["ingest.parked_row_broke"]

    def test_that_waited_and_breaks_after_it_was_told_leaves_nothing_in_the_log(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        services.apply_refunds([a_refund()], source=a_source(), at=AT)
        real = services.parking.commerce.record_refunds

        def breaks(**parts: Any) -> Any:
            real(**parts)
            raise ZeroDivisionError

        monkeypatch.setattr(services.parking.commerce, "record_refunds", breaks)
        (order,) = services.apply_orders([an_order()], source=a_source(), at=AT)
        changes = sql.rows(
            "SELECT facts->>'change' FROM events_event WHERE type = 'order.recorded'"
        )

        assert the_order(order.id).net_minor == 10_000
        assert changes == [("paid",)]

    @pytest.mark.reliability("RC5")
    def test_refuses_and_audits_another_amount_under_the_same_id(self) -> None:
        services.apply_orders([an_order()], source=a_source(), at=AT)
        services.apply_refunds([a_refund()], source=a_source(), at=AT)

        (done,) = services.apply_refunds([a_refund(amount="26.00")], source=a_source(), at=AT)

        assert (done.outcome, done.code) == (Outcome.REFUSED, "commerce.refund_changed")
        assert count("access_audit_entry WHERE action = 'message.conflict'") == 1

    def test_counts_sums_so_far_by_their_increase(self) -> None:
        (order,) = services.apply_orders([an_order()], source=a_source(), at=AT)
        so_far = [a_refund(amount=a, external_id=None) for a in ("10.00", "30.00", "10.00")]

        done = services.apply_refunds(so_far, source=a_source(), at=AT)

        assert words(done) == ["applied", "applied", "exists"]
        assert the_order(order.id).net_minor == 7_000


class TestLineRows:
    def test_join_an_order_that_is_here(self) -> None:
        (order,) = services.apply_orders([an_order(lines=None)], source=a_source(), at=AT)
        lines = OrderRow(external_id="T-1", lines=(LineRow(sku="cake", amount="5.00"),))

        (done,) = services.apply_orders([lines], source=a_source(), at=AT)

        assert done.outcome is Outcome.APPLIED
        assert [line.sku for line in the_order(order.id).lines] == ["cake"]
        assert the_order(order.id).net_minor == 10_000

    def test_wait_for_one_that_is_not(self) -> None:
        lines = OrderRow(external_id="T-1", lines=(LineRow(sku="cake", amount="5.00"),))

        (parked,) = services.apply_orders([lines], source=a_source(), at=AT)
        (order,) = services.apply_orders([an_order(lines=None)], source=a_source(), at=AT)

        assert parked.outcome is Outcome.PARKED
        assert [line.sku for line in the_order(order.id).lines] == ["cake"]


class TestApplyMembers:
    def test_finds_or_enrols_and_says_what_changed(self) -> None:
        row = MemberRow(phone=PHONE, name="林小满", tags=("tea",))

        (new,) = services.apply_members([row], source=a_source(), at=AT)
        (same,) = services.apply_members([row], source=a_source(), at=AT)
        (updated,) = services.apply_members(
            [MemberRow(phone=PHONE, name="林大满")], source=a_source(), at=AT
        )

        assert [new.change, same.change, updated.change] == ["new", "same", "updated"]
        assert new.id == same.id == updated.id

    def test_refuses_a_row_that_names_nobody(self) -> None:
        rows = [MemberRow(name="林小满"), MemberRow(phone="138****8000"), MemberRow(phone="12")]

        done = services.apply_members(rows, source=a_source(), at=AT)

        assert {outcome.code for outcome in done} == {"ingest.no_identity"}

    @pytest.mark.reliability("RG12")
    def test_names_ignored_fields_only_if_they_are_ours(self) -> None:
        row = MemberRow(phone=PHONE, birthday="soon", profile={"13900139000": "x"})

        (done,) = services.apply_members([row], source=a_source(), at=AT)

        assert done.facts == {"ignored": ["birthday.invalid", "profile.unknown"]}


class TestApplyEvents:
    def event(self, message_id: str = "m-1", sku: str = "tea", **parts: Any) -> EventRow:
        return EventRow(type="product.viewed", message_id=message_id, facts={"sku": sku}, **parts)

    @pytest.mark.reliability("RC4")
    def test_counts_a_message_once_per_source_for_ever(self) -> None:
        first = services.apply_events([self.event(), self.event()], source=a_source(), at=AT)
        later = services.apply_events(
            [self.event()], source=a_source(), at=AT + timedelta(days=400)
        )
        other = services.apply_events([self.event()], source=a_source("other"), at=AT)

        assert words(first + later + other) == ["applied", "exists", "exists", "applied"]
        assert count("events_event WHERE type = 'product.viewed'") == 2

    @pytest.mark.reliability("RC5")
    def test_refuses_and_audits_a_changed_body(self) -> None:
        services.apply_events([self.event()], source=a_source(), at=AT)

        (done,) = services.apply_events([self.event(sku="cake")], source=a_source(), at=AT)

        assert (done.outcome, done.code) == (Outcome.REFUSED, "ingest.message_conflict")
        assert count("access_audit_entry WHERE action = 'message.conflict'") == 1

    def test_refuses_types_that_only_we_may_write(self) -> None:
        rows = [
            EventRow(type="balance.declared", message_id="1", facts={"amount": 10**9}),
            EventRow(type="order.recorded", message_id="2"),
            EventRow(type="product.viewed", message_id="3", facts={"wrong": 1}),
        ]

        done = services.apply_events(rows, source=a_source(), at=AT)

        assert [outcome.code for outcome in done] == [
            "ingest.event_not_outside",
            "ingest.event_not_outside",
            "events.facts_malformed",
        ]

    @pytest.mark.reliability("RG12")
    @pytest.mark.parametrize("value", ["call 13800138000", "a@example.com", "+86 138-0013-8000"])
    def test_refuses_personal_data_in_facts(self, value: str) -> None:
        facts = {"name": "noted", "properties": {"note": value}}
        row = EventRow(type="custom.recorded", message_id="1", facts=facts)

        (done,) = services.apply_events([row], source=a_source(), at=AT)

        assert (done.code, done.facts) == ("ingest.personal_data", {"field": "note"})

    def test_does_not_enrol_whom_nobody_knows(self) -> None:
        row = self.event(member=MemberRef(phone=PHONE))

        (done,) = services.apply_events([row], source=a_source(), at=AT)

        assert done.facts == {"unattributed": True}
        assert count("members_member") == 0


class TestApplyStoresAndProducts:
    def test_answers_each_row(self) -> None:
        stores = [StoreRow(code="S1", name="One"), StoreRow(code="S2", name="Two", kind="ship")]
        products = [
            ProductRow(sku="t", name="Tea", price="18.00"),
            ProductRow(sku="u", name="Tea", price="x"),
        ]

        by_store = services.apply_stores(stores, source=a_source(), at=AT)
        by_product = services.apply_products(products, source=a_source(), at=AT)

        assert words(by_store) == words(by_product) == ["applied", "refused"]


@pytest.mark.capability("A4")
class TestApplyBalances:
    def declare(self, currency: str, amount: int) -> Any:
        row = BalanceRow(member=MemberRef(phone=PHONE), currency=currency, amount=amount, as_of=AT)
        (done,) = services.apply_balances([row], source=a_source(), at=AT, batch_id=5)
        return done

    def test_writes_a_declaration_for_the_member(self) -> None:
        done = self.declare("growth", 120)

        assert done.outcome is Outcome.APPLIED
        assert count("events_event WHERE type = 'balance.declared' AND batch_id = 5") == 1

    def test_says_what_the_ledger_made_of_it(self) -> None:
        done = [self.declare("points", amount) for amount in (300, 300, 250)]

        assert words(done) == ["applied", "exists", "applied"]
        assert [each.change for each in done] == ["new", "same", "updated"]
        assert done[0].facts["ledger"]["opened"] == 300

    @pytest.mark.parametrize("currency", ["points", "growth", "stored_value"])
    @pytest.mark.parametrize(
        ("dates", "says"),
        [
            ({"expires_on": date.max}, None),
            ({"earned_on": date.max}, "earned_on"),
            ({"earned_on": date.min}, "earned_on"),
            ({"expires_on": date.min}, "expires_on"),
        ],
    )
    def test_knows_the_ends_of_the_calendar(
        self, currency: Any, dates: dict[str, date], says: str | None
    ) -> None:
        row = BalanceRow(
            member=MemberRef(phone=PHONE),
            currency=currency,
            amount=9,
            as_of=AT,
            lots=(BalanceLotRow(amount=9, **dates),),
        )

        (done,) = services.apply_balances([row], source=a_source(), at=AT)

        assert log.count_dead_letters() == 0
        if says is None:
            assert done.outcome is Outcome.APPLIED, "9999-12-31 is how systems write: for ever"
            assert count("ledger_lot WHERE expires_at IS NOT NULL") == 0
        else:
            assert (done.outcome, done.facts["field"]) == (Outcome.REFUSED, says)


@pytest.mark.reliability("RC7")
class TestPoison:
    @pytest.fixture
    def poison(self, monkeypatch: pytest.MonkeyPatch) -> None:
        real = services.applying._WRITERS["orders"]

        def writes(entries: Any, batch: Any) -> Any:
            if any(entry.row.external_id.startswith("POISON") for entry in entries):
                raise ZeroDivisionError("a bug quoting 13800138000")
            return real(entries, batch)

        monkeypatch.setitem(services.applying._WRITERS, "orders", writes)  # type: ignore[arg-type]

    def test_leaves_the_others_alone_and_is_kept(self, poison: None) -> None:
        rows = [an_order(f"O-{n}") for n in range(40)]
        rows[13] = an_order("POISON-1")
        rows[39] = an_order("POISON-2")

        done = services.apply_orders(rows, source=a_source(), at=AT)

        assert [o.row for o in done if o.outcome is Outcome.DEAD_LETTER] == [13, 39]
        assert words(done).count("applied") == 38
        letters = log.list_dead_letters()
        assert [letter.error_code for letter in letters] == ["ingest.row_broke"] * 2
        assert letters[0].member_id is not None  # goes when its member is erased

    def test_goes_through_once_the_bug_is_mended(
        self, poison: None, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        services.apply_orders([an_order("POISON-1")], source=a_source(), at=AT)
        (still,) = services.replay_letters(ids=None, at=AT)
        monkeypatch.undo()

        (mended,) = services.replay_letters(ids=None, at=AT)

        assert (still.outcome, mended.outcome) == ("dead_letter", "applied")
        assert log.count_dead_letters() == 0
        assert commerce.list_orders(scope=EVERYTHING).items[0].number == "POISON-1"

    def test_is_found_behind_ten_thousand_others(
        self, poison: None, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        sql.run(
            "INSERT INTO events_deadletter (kind, state, consumer, names, error_code, error_facts,"
            " attempts, created_at) SELECT 'row', 'open', '', '{}', 'x.y', '{}', 1,"
            " %s::timestamptz FROM generate_series(1, 10001)",
            [AT],
        )
        services.apply_orders([an_order("POISON-1")], source=a_source(), at=AT)
        services.apply_orders([an_order("POISON-2")], source=a_source(), at=AT, batch_id=7)
        mine, dropped = (each.id for each in log.list_dead_letters(error_code="ingest.row_broke"))
        monkeypatch.undo()

        (done,) = services.replay_letters(ids=[mine], at=AT)
        services.revert_chunk(batch_id=7, at=AT)

        assert done.outcome == "applied"
        assert log.get_dead_letter(letter_id=dropped).state == "dropped"
        assert log.count_dead_letters() == 10_001

    def test_of_which_all_are_said_again_page_by_page(
        self, poison: None, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        rows = [an_order(f"POISON-{n}") for n in range(5)]
        services.apply_orders(rows, source=a_source(), at=AT)
        monkeypatch.undo()
        monkeypatch.setattr(services.letters, "LETTERS_AT_ONCE", 2)

        done = services.replay_letters(ids=None, at=AT)

        assert [each.outcome for each in done] == ["applied"] * 5

    def test_stops_for_what_no_row_is_to_blame_for(self, monkeypatch: pytest.MonkeyPatch) -> None:
        def away(entries: Any, batch: Any) -> Any:
            raise OperationalError("the connection is gone")

        monkeypatch.setitem(services.applying._WRITERS, "orders", away)  # type: ignore[arg-type]

        with pytest.raises(OperationalError):
            services.apply_orders([an_order()], source=a_source(), at=AT)
        assert log.count_dead_letters() == 0

    def test_tries_a_deadlock_again(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(running, "PAUSE_SECONDS", 0)
        real, met = services.applying._WRITERS["orders"], []

        def deadlocks(entries: Any, batch: Any) -> Any:
            met.append(1)
            if len(met) < 4:
                raise OperationalError from _DeadlockError()
            return real(entries, batch)

        monkeypatch.setitem(services.applying._WRITERS, "orders", deadlocks)  # type: ignore[arg-type]

        assert words(services.apply_orders([an_order()], source=a_source(), at=AT)) == ["applied"]


class _DeadlockError(Exception):
    sqlstate = "40P01"


class TestRevertChunk:
    def test_takes_back_orders_parked_rows_and_letters(self) -> None:
        services.apply_orders([an_order()], source=a_source(), at=AT, batch_id=9)
        services.apply_refunds([a_refund("T-9")], source=a_source(), at=AT, batch_id=9)

        done = services.revert_chunk(batch_id=9, at=AT)
        services.append_reverted(batch_id=9, kind="orders", at=AT)

        assert (done.removed, done.more) == (1, False)
        assert selectors.count_parked() == 0
        assert count("events_event WHERE type = 'import.reverted' AND batch_id = 9") == 1

    def test_lets_the_same_rows_in_again(self) -> None:
        services.apply_orders([an_order()], source=a_source(), at=AT, batch_id=9)
        services.revert_chunk(batch_id=9, at=AT)

        (again,) = services.apply_orders([an_order()], source=a_source(), at=AT, batch_id=10)

        assert again.change is Change.NEW


class TestSources:
    def test_count_what_became_of_their_rows(self) -> None:
        rows = [an_order("A"), an_order("A"), an_order("B", currency="?")]

        services.apply_orders(rows, source=a_source(), at=AT)

        (state,) = selectors.list_sources(at=AT)
        assert state.counts == {
            "applied": 2, "exists": 0, "parked": 0, "refused": 1, "dead_letter": 0
        }  # fmt: skip
        assert (state.seen_at, state.error_code) == (AT, "ingest.row_malformed")

    def test_refuse_an_unknown_name(self) -> None:
        with pytest.raises(domain.SourceUnknown):
            services.source_named(name="nobody", at=AT)
        assert services.source_named(name=None, at=AT).name == "api"
