"""Every list that is declared once: its file holds what its page shows, to whoever may see it."""

import csv
import re
import sys
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from html import unescape
from uuid import UUID

import pytest
from django.urls import reverse
from django.utils import translation

from regulars.access import selectors as access_selectors
from regulars.access import services as access
from regulars.access.domain import Actor, Reach, Scope, StoreRow
from regulars.console import services
from regulars.console.domain import exports as domain
from regulars.console.domain.listings import Reader, value_of
from regulars.console.domain.lists import Filter, ListSpec, frozen
from regulars.console.domain.sections import WholeHouseNeeded
from regulars.console.pages import LISTINGS
from regulars.console.selectors import exporting
from regulars.console.services import export_files
from regulars.kit.progress import ProgressState
from regulars.loyalty import selectors as loyalty
from regulars.members import services as members
from regulars.members.domain import MemberNotFound
from regulars.web import clock, progress, sql
from regulars.web.permissions import PERMISSIONS, PermissionMissing
from tests.console.places import Place
from tests.console.shop import NAME, OTHER_PHONE, PHONE, open_shop, signed_in
from tests.console.test_matrix import ALL, Visitor
from tests.console.things import open_things

PAGES = "regulars.console.pages."
KNOWN = {each.spec.export: each for each in LISTINGS}
ONE_MEMBER = {"member_points": "points", "member_orders": "orders"}  # their tabs of the record
CODES = sorted(set(KNOWN) - set(ONE_MEMBER))
EMAIL = "owner-all@example.com"
# What narrows each list in the test: a filter that leaves some rows of the shop, not all.
FILTERS = {
    "approvals": {"show": "waiting"},
    "dead_letters": {"kind": "row"},
    "events": {"type": "order.recorded"},
    "imports": {"kind": "members"},
    "jobs": {"kind": "export"},
    "keys": {"state": "live"},
    "ledger": {"kind": "earn"},
    "privacy": {"open": "1"},
    "products": {"bare": "1"},
    "sources": {"kind": "api"},
    "staff": {"state": "on"},
    "stores": {"kind": "shop"},
    "suggestions": {"reason": "shared_email"},
}


@pytest.fixture
def shop(committed_db, own_var):
    return open_shop(clock.now())


@pytest.fixture
def things(shop):
    return open_things(shop)


@pytest.fixture
def browser(shop):
    return signed_in(shop.at)


@pytest.fixture
def owner(browser):
    (staff,) = [each for each in access_selectors.list_staff() if each.email == EMAIL]
    found = access.find_actor(staff_id=staff.id, at=clock.now())
    assert found is not None
    return found


def shaped(actor, *, without=(), scope=None):
    permissions = frozenset(PERMISSIONS) - set(without)
    reach = Reach(permissions=permissions, scope=scope or Scope.all())
    return replace(actor, permissions=permissions, scope=reach.scope, reaches=(reach,))


def wish(code, **wanted):
    columns = tuple(column.code for column in exporting.exportable(code).columns)
    return domain.Wish(
        **{
            "what": code, "filters": {}, "columns": columns, "form": "csv",
            "is_masked": True, "reason_code": "audit", "language": "en", **wanted,
        }
    )  # fmt: skip


def ask(actor, code, **wanted):
    return services.ask_export(actor=actor, wish=wish(code, **wanted), at=clock.now())


def made(actor, code, monkeypatch, **wanted):
    """Have a file written for somebody who is just so when it is written, too."""
    asked = ask(actor, code, **wanted)
    assert asked.work is not None
    with monkeypatch.context() as patch:
        patch.setattr(services.exports.access, "find_actor", lambda **_said: actor)
        services.write_export(export_id=asked.work, at=clock.now())
    return exporting.get_export(export_id=asked.work)


def lines(export):
    assert export.made_at is not None, progress.get(progress_id=export.id).result
    with export_files.path_of(export).open(encoding="utf-8-sig", newline="") as file:
        head, *rows = csv.reader(file)
    assert {row[-1] for row in rows} <= {export.mark}
    return head[:-1], [row[:-1] for row in rows]


def listed(actor, code, filters):
    """Answer the rows of the list as its page turns them, two at a time."""
    zone, listing = loyalty.get_programme().tz, KNOWN[code]
    with translation.override("en"):
        opened = listing.open(Reader(actor=actor, params=filters, at=clock.now(), zone=zone))
        rows = [row for part in opened.parts(2) for row in part.rows]
    cells = [[row.cells[column.code] for column in listing.spec.columns] for row in rows]
    return [[domain.cell_of(value_of(c, zone=zone), zone=zone) for c in row] for row in cells]


def page_rows(browser, code, filters):
    """Answer the words of each row of the page, all columns shown."""
    spec = KNOWN[code].spec
    every = ".".join(column.code for column in spec.columns)
    answer = browser.get(reverse(spec.url_name, query={**filters, "cols": every, "size": "100"}))
    assert answer.status_code == 200
    body = answer.content.decode().partition('class="list-rows"')[2]
    body = body.partition("<tbody>")[2].partition("</tbody>")[0]
    return [
        " ".join(unescape(re.sub(r"<[^>]+>", " ", row)).split()) for row in body.split("<tr")[1:]
    ]


class TestEveryListing:
    def test_is_offered_on_its_page_under_its_own_code(self, browser, things):
        assert set(FILTERS) == set(CODES)
        assert set(CODES) <= set(exporting.EXPORTABLES)
        for code in CODES:
            page = browser.get(reverse(KNOWN[code].spec.url_name)).content.decode()
            assert f"{reverse('console-export-new')}?what={code}" in page

    def test_no_list_names_a_file_there_is_not(self):
        modules = [each for name, each in sys.modules.items() if name.startswith(PAGES)]
        specs = [one for each in modules for one in vars(each).values() if type(one) is ListSpec]

        named = {spec.export for spec in specs if spec.export}

        assert named - set(exporting.EXPORTABLES) == set()
        assert len(named) >= len(KNOWN)

    @pytest.mark.parametrize("code", CODES)
    def test_holds_what_its_page_shows(self, owner, browser, things, monkeypatch, code):
        for filters in ({}, FILTERS[code]):
            shown = page_rows(browser, code, filters)

            head, rows = lines(made(owner, code, monkeypatch, filters=filters))

            assert len(head) == len(KNOWN[code].spec.columns)
            if code != "jobs":  # asking for the file is a job of its own
                assert len(rows) == len(shown)
                assert rows == listed(owner, code, filters)
            assert rows, f"nothing to see with {filters}"
            for row, words in zip(reversed(rows), reversed(shown), strict=code != "jobs"):
                said = [part for cell in row for part in cell.split(" · ") if part.isalpha()]
                assert [part for part in said if part not in words] == []

    @pytest.mark.parametrize("code", CODES)
    def test_is_masked_also_when_asked_unmasked(self, owner, things, monkeypatch, code):
        export = made(owner, code, monkeypatch, is_masked=False)

        text = export_files.path_of(export).read_text(encoding="utf-8-sig")

        assert export.is_masked
        for secret in (NAME, PHONE, OTHER_PHONE, "twin2@example.com", EMAIL, "rg_live_"):
            assert secret not in text, secret

    @pytest.mark.parametrize("code", CODES)
    def test_reaches_as_far_as_who_asked(self, shop, owner, things, monkeypatch, code):
        elsewhere = shaped(owner, scope=Scope(store_ids=(shop.store_ids["S02"],)))
        if KNOWN[code].is_whole:
            with pytest.raises(WholeHouseNeeded):
                ask(elsewhere, code)
            return

        _, rows = lines(made(elsewhere, code, monkeypatch))

        if code != "jobs":
            assert rows == listed(elsewhere, code, {})
        assert things["number"] not in str(rows)

    @pytest.mark.reliability("RJ6")
    @pytest.mark.parametrize("code", CODES)
    def test_is_refused_without_its_permission(self, owner, shop, monkeypatch, code):
        without = shaped(owner, without=(KNOWN[code].permission,))
        with pytest.raises(PermissionMissing):
            ask(without, code)
        with pytest.raises(PermissionMissing):
            ask(shaped(owner, without=("exports.make",)), code)

        work = ask(owner, code).work  # and who loses it before the file is written gets none
        monkeypatch.setattr(services.exports.access, "find_actor", lambda **_said: without)
        services.write_export(export_id=work, at=clock.now())

        assert progress.get(progress_id=work).state is ProgressState.FAILED

    @pytest.mark.reliability("RH1")
    @pytest.mark.parametrize("code", CODES)
    def test_its_form_opens_to_the_right_people_only(self, shop, monkeypatch, code):
        visitor, listing = Visitor(shop, monkeypatch), KNOWN[code]
        form = Place(query={"what": code})
        there = Scope(store_ids=(shop.store_ids["S02"],))

        without = visitor.open(
            form, "console-export-new", {}, permissions=ALL - {listing.permission}
        )
        partly = visitor.open(form, "console-export-new", {}, scope=there)
        rightful = visitor.plain(form, "console-export-new", {})

        assert without.status_code == 403
        assert partly.status_code == (403 if listing.is_whole else 200)
        assert rightful.status_code == 200
        assert 'name="unmasked"' not in rightful.content.decode()

    @pytest.mark.reliability("RJ6")
    @pytest.mark.parametrize("code", CODES)
    def test_needs_a_second_person_above_the_limit(self, owner, things, code):
        access.change_policy(changes={"export_rows_max": 0}, actor=Actor.system(), at=clock.now())
        maker = shaped(owner)

        asked = ask(maker, code)

        assert (asked.work, asked.approval is not None) == (None, True)

    @pytest.mark.reliability("RJ6")
    @pytest.mark.parametrize("code", CODES)
    def test_is_on_the_record_once_with_filter_and_count(self, owner, things, monkeypatch, code):
        export = made(owner, code, monkeypatch, filters=FILTERS[code])

        said = sql.rows(
            "SELECT details->>'filters', (details->>'rows')::int, reason_code"
            " FROM access_audit_entry WHERE action = 'exports.make' AND object_id = %s::text",
            [str(export.id)],
        )

        assert said == [
            ("&".join(f"{k}={v}" for k, v in FILTERS[code].items()), export.rows, "audit")
        ]


class TestOneMember:
    @pytest.mark.parametrize("code", ONE_MEMBER)
    def test_the_file_of_a_tab_holds_its_rows(self, owner, browser, shop, monkeypatch, code):
        asked = {"member": str(shop.lin_public)}
        tab = browser.get(reverse("console-member-tab", args=[shop.lin_public, ONE_MEMBER[code]]))
        page = unescape(tab.content.decode())

        _, rows = lines(made(owner, code, monkeypatch, filters=asked))

        assert f"what={code}&query=member%3D{shop.lin_public}" in page
        assert rows == listed(owner, code, asked)
        shown = page.rpartition("<tbody>")[2].partition("</tbody>")[0].split("<tr")[1:]
        assert len(rows) == len(shown) > 0
        for row, words in zip(rows, shown, strict=True):
            said = [cell for cell in row if cell.isalpha() and cell != "CNY"]
            assert [cell for cell in said if cell not in words] == []
            name = row[4].lstrip("-") if code == "member_points" else row[0]
            assert name in words.replace(",", "")

    @pytest.mark.parametrize("code", ONE_MEMBER)
    def test_a_member_of_another_store_is_not_found(self, owner, shop, code):
        elsewhere = shaped(owner, scope=Scope(store_ids=(shop.store_ids["S02"],)))
        for member in (str(shop.lin_public), "nobody", ""):
            with pytest.raises(MemberNotFound):
                ask(elsewhere, code, filters={"member": member})

    @pytest.mark.parametrize("code", ONE_MEMBER)
    def test_needs_both_permissions_and_a_second_person(self, owner, shop, things, code):
        asked = {"member": str(shop.lin_public)}
        with pytest.raises(PermissionMissing):
            ask(shaped(owner, without=(KNOWN[code].permission,)), code, filters=asked)
        with pytest.raises(PermissionMissing):
            ask(shaped(owner, without=("exports.make",)), code, filters=asked)
        access.change_policy(changes={"export_rows_max": 0}, actor=Actor.system(), at=clock.now())
        assert ask(owner, code, filters=asked).approval is not None

    @pytest.mark.parametrize("code", ONE_MEMBER)
    def test_is_masked_and_goes_with_the_member(self, owner, shop, monkeypatch, code):
        export = made(owner, code, monkeypatch, filters={"member": str(shop.lin_public)})
        text = export_files.path_of(export).read_text(encoding="utf-8-sig")

        members.erase(member_id=shop.lin, at=clock.now(), actor=owner, reason_code="request")

        assert NAME not in text
        assert PHONE not in text
        assert exporting.get_export(export_id=export.id).gone_because == "erased"


class TestItsCells:
    @pytest.mark.reliability("RJ5")
    def test_are_no_formulas(self, owner, shop, monkeypatch):
        access.record_stores(
            [StoreRow(row=1, code="=1+1", name='=HYPERLINK("http://x")')], at=clock.now()
        )

        _, rows = lines(made(owner, "stores", monkeypatch))

        assert ["'=1+1", '\'=HYPERLINK("http://x")'] in [row[:2] for row in rows]

    def test_a_file_goes_when_a_member_it_names_is_erased(self, owner, shop, things, monkeypatch):
        named = ("ledger", "events", "dead_letters", "suggestions", "privacy")
        files = {code: made(owner, code, monkeypatch) for code in named}
        other = made(owner, "stores", monkeypatch)

        members.erase(member_id=shop.lin, at=clock.now(), actor=owner, reason_code="request")

        for code, export in files.items():
            gone = exporting.get_export(export_id=export.id)
            assert (code, gone.gone_because) == (code, "erased")
        assert exporting.get_export(export_id=other.id).is_there(clock.now())


class TestTheApproval:
    def test_says_what_would_leave_the_house(self, owner, browser, things):
        """Who says yes sees the list, the filters, the columns, and whether it is masked."""
        access.change_policy(changes={"export_rows_max": 0}, actor=Actor.system(), at=clock.now())
        maker = shaped(owner)
        filters = {"store": "S01", "tag": "无糖", "joined_from": "2020-01-01"}
        members_file = wish("members", filters=filters, is_masked=False)
        asked = services.ask_export(actor=maker, wish=members_file, at=clock.now())

        page = browser.get(reverse("console-approval", args=[asked.approval])).content.decode()

        said = " ".join(unescape(re.sub(r"<[^>]+>", " ", page)).split())
        assert "List Members" in said
        assert "Home store S01" in said
        assert "Tag 无糖" in said
        assert "Joined 2020-01-01 – …" in said
        assert "Personal data unmasked" in said
        assert "What the file is for Check or audit" in said
        assert "Member number, Name, Phone" in said


class TestStretchesOfDays:
    def test_are_frozen_to_dates_when_asked(self):
        asked = {"paid": "last_30", "store": "S01"}
        days = (Filter("paid", "", kind="days"), Filter("joined", "", kind="days"))

        said = frozen(days, asked, today=datetime(2026, 3, 31, tzinfo=UTC).date())

        assert said == {"store": "S01", "paid_from": "2026-03-02", "paid_to": "2026-03-31"}
        assert frozen(
            days, {"paid_from": "2026-01-01"}, today=datetime(2026, 3, 1, tzinfo=UTC).date()
        ) == {"paid_from": "2026-01-01"}

    def test_an_approved_file_holds_the_days_that_were_asked_for(self, owner, shop, monkeypatch):
        access.change_policy(changes={"export_rows_max": 0}, actor=Actor.system(), at=clock.now())
        maker = access.create_staff(
            email="maker@example.com", name="maker", role="operations", scope="all",
            actor=Actor.system(), at=clock.now(),
        )  # fmt: skip
        proposer = access.find_actor(staff_id=maker.id, at=clock.now())
        asked = ask(proposer, "orders", filters={"paid": "yesterday"})

        later = clock.now() + timedelta(days=1)
        decided = access.approvals.decide(
            approval_id=asked.approval, checker=owner, approve=True, at=later
        )
        export_id = UUID(decided.outcome["work"])
        services.write_export(export_id=export_id, at=later)

        export = exporting.get_export(export_id=export_id)
        assert (set(export.filters), export.rows) == ({"paid_from", "paid_to"}, 1)
        assert rows_yesterday(owner, at=shop.at) == 1
        assert rows_yesterday(owner, at=later) == 0


def rows_yesterday(actor, *, at):
    """Count the orders a file of yesterday would have, were it asked for then."""
    filters = {"paid": "yesterday"}
    asked = domain.Ask(actor=actor, filters=filters, is_masked=True, at=at, language="en")
    return exporting.exportable("orders").count(asked, 100)
