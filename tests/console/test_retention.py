"""Retention: what is over its limit goes, all of it and nothing else, and the dry run said so."""

import re
import threading
from datetime import UTC, datetime, timedelta
from itertools import product
from pathlib import Path
from zoneinfo import ZoneInfo

import orjson
import pytest
from click.testing import CliRunner
from django.conf import settings
from django.test import Client
from django.utils.html import escape

from regulars.access import selectors as access
from regulars.access import services as access_services
from regulars.access.domain import Actor, Scope
from regulars.access.domain.policy import BOUNDS, Policy, changed_policy, loosened
from regulars.cli import retention as command
from regulars.console import services
from regulars.console import tasks as console_tasks
from regulars.console.domain.retaining import RetentionRunUnknown, is_night_due
from regulars.console.forms.settings import initial_of
from regulars.console.selectors import retaining as selectors
from regulars.console.services import retaining
from regulars.ledger import services as ledger
from regulars.members import services as member_services
from regulars.members.domain import FIELDS
from regulars.members.domain.requests import RequestKind
from regulars.members.selectors import people
from regulars.web import clock, progress, retention, sql
from regulars.web.jobs import schedule
from tests.console import kept_things as things
from tests.console.kept_things import PLANTED, SAID, SYSTEM, a_member
from tests.console.looking import hidden, questions
from tests.console.shop import open_shop, signed_in

SHANGHAI = ZoneInfo("Asia/Shanghai")
DAY = timedelta(days=1)
A_BIT = timedelta(seconds=1)
LONGER = {"profile_days": dict.fromkeys(FIELDS, 365)}


@pytest.fixture
def at(committed_db: str, own_var: Path) -> datetime:
    moment = clock.now()
    access_services.change_policy(changes=LONGER, actor=SYSTEM, at=moment)
    return moment


def everything() -> dict[str, list[object]]:
    """Answer every row of every table a class lies in, so that nothing changes unseen."""
    tables = {each.table for each in retaining.list_sweeps(at=clock.now())}
    return {
        table: sorted(text for (text,) in sql.rows(f"SELECT t::text FROM {table} t"))
        for table in sorted(tables)
    }


def run(at: datetime):
    return services.run_retention(origin="command", actor=SYSTEM, at=at)


def due(at: datetime) -> dict[str, tuple[int, datetime | None, int]]:
    return {
        each.name: (each.rows, each.oldest_at, each.held)
        for each in services.report_retention(at=at)
    }


def fields_of(member_id: int) -> set[str]:
    return {each.field for each in people.profile_values(member_ids=[member_id])}


@pytest.mark.reliability("RG13")
@pytest.mark.capability("A5")
@pytest.mark.capability("G2")
class TestWhatIsOver:
    def given_rows_on_both_sides_of_every_limit(self, at: datetime) -> None:
        limits = {each.name: each.limit for each in retaining.list_sweeps(at=at)}
        for name, plant in PLANTED.items():
            edge = at - limits[name]
            for age in (timedelta(0), A_BIT, 9 * DAY):
                plant(edge - age)
            for youth in (A_BIT, 3 * timedelta(hours=1)):
                plant(edge + youth)

    def test_goes_as_the_dry_run_said_and_nothing_else_does(self, at: datetime) -> None:
        self.given_rows_on_both_sides_of_every_limit(at)
        before = everything()

        told = due(at)
        unchanged = everything()
        done = run(at)

        assert unchanged == before
        assert set(told) == set(PLANTED)
        limits = {each.name: each.limit for each in retaining.list_sweeps(at=at)}
        assert {name: rows for name, (rows, _, _) in told.items()} == dict.fromkeys(PLANTED, 3)
        assert {name: oldest for name, (_, oldest, _) in told.items()} == {
            name: at - limits[name] - 9 * DAY for name in PLANTED
        }
        assert {
            name: (each.rows, each.oldest_at, each.held) for name, each in done.counts.items()
        } == told
        assert done.rows == 3 * len(PLANTED)
        assert {rows for rows, _, _ in due(at).values()} == {0}

    def test_leaves_what_is_younger_as_it_stood(self, at: datetime) -> None:
        limits = {each.name: each.limit for each in retaining.list_sweeps(at=at)}
        for name, plant in PLANTED.items():
            plant(at - limits[name] + A_BIT)
        before = everything()

        run(at)

        assert everything() == before
        assert sum(rows for rows, _, _ in due(at + 2 * A_BIT).values()) == len(PLANTED)

    def test_said_again_changes_nothing(self, at: datetime) -> None:
        self.given_rows_on_both_sides_of_every_limit(at)
        run(at)
        after = everything()

        again = run(at)

        assert again.rows == 0
        assert everything() == after

    def test_takes_batch_after_batch(self, at: datetime, monkeypatch) -> None:
        monkeypatch.setattr(retention, "BATCH", 2)
        counted = []
        write = retaining._write
        monkeypatch.setattr(
            retaining, "_write", lambda run_id, counts: counted.append(1) or write(run_id, counts)
        )
        for n in range(7):
            things.a_notice(at - 91 * DAY - n * A_BIT)
            a_member(at - 366 * DAY - n * A_BIT, city="上海", language="zh")

        done = run(at)

        assert len(counted) == 4 + 4 + 4 + 1
        assert done.counts["notices"].rows == 7
        assert done.counts["profile_city"].rows == done.counts["profile_language"].rows == 7
        assert done.counts["profile_city"].oldest_at == at - 366 * DAY - 6 * A_BIT

    def test_touches_no_record_of_what_happened(self, at: datetime) -> None:
        self.given_rows_on_both_sides_of_every_limit(at)
        kept = ("members_consent", "members_member", "ledger_transfer", "access_policy_version")
        before = {table: sql.rows(f"SELECT t::text FROM {table} t ORDER BY 1") for table in kept}
        (log,) = sql.row("SELECT max(id) FROM events_event")

        run(at)

        after = {table: sql.rows(f"SELECT t::text FROM {table} t ORDER BY 1") for table in kept}
        assert after == before
        told = sql.rows("SELECT type, facts::text FROM events_event WHERE id > %s::bigint", [log])
        assert len(told) == 3 * len(FIELDS)
        assert {type_ for type_, _ in told} == {"member.updated"}
        assert not any(word in text for (_, text), word in product(told, SAID.values()))

    def test_swept_tables_are_no_ledger_no_log_and_no_proof(self, at: datetime) -> None:
        tables = {each.table for each in retaining.list_sweeps(at=at)}

        assert not {
            table for table in tables
            if table.startswith(("events_event", "access_audit", "commerce_", "loyalty_"))
        }  # fmt: skip
        assert {table for table in tables if table.startswith("ledger_")} == {"ledger_verify_run"}
        assert "members_consent" not in tables

    def test_without_a_limit_values_stay_as_long_as_the_membership(self, at: datetime) -> None:
        none = dict.fromkeys(FIELDS, 0)
        access_services.change_policy(changes={"profile_days": none}, actor=SYSTEM, at=at)
        member_id = a_member(at - 9_000 * DAY, **SAID)

        run(at)

        assert fields_of(member_id) == set(SAID)


@pytest.mark.reliability("RG13")
class TestHolds:
    def given_somebody(self, at: datetime) -> int:
        return a_member(at - 400 * DAY, **SAID)

    def ask(self, member_id: int, at: datetime):
        return member_services.open_request(
            member_id=member_id, kind=RequestKind.ACCESS, channel="store", note="",
            scope=Scope.all(), actor=SYSTEM, at=at, tz=SHANGHAI,
        )  # fmt: skip

    def test_an_open_request_keeps_what_it_is_about_and_a_closed_one_does_not(
        self, at: datetime
    ) -> None:
        asking, other = self.given_somebody(at), self.given_somebody(at)
        request = self.ask(asking, at)
        letter, body = (make(at - 400 * DAY, who) for make, who in (
            (things.a_letter, asking), (things.a_body, (asking,)),
        ))  # fmt: skip

        told, done = due(at), run(at)

        assert fields_of(asking) == set(SAID)
        assert fields_of(other) == set()
        assert told["profile_city"] == (1, at - 400 * DAY, 1)
        assert (done.counts["profile_city"].rows, done.counts["profile_city"].held) == (1, 1)
        assert sql.row("SELECT state FROM events_deadletter WHERE id = %s", [letter]) == ("open",)
        assert sql.row("SELECT body IS NOT NULL FROM ingest_delivery WHERE id = %s", [body]) == (
            True,
        )

        member_services.cancel_request(
            public_id=request.public_id, scope=Scope.all(), actor=SYSTEM, at=at
        )
        run(at)

        assert fields_of(asking) == set()
        assert sql.row("SELECT body FROM ingest_delivery WHERE id = %s", [body]) == (None,)

    def test_a_request_holds_every_record_merged_into_the_person(self, at: datetime) -> None:
        winner, loser = self.given_somebody(at), self.given_somebody(at)
        member_services.merge(winner_id=winner, loser_id=loser, at=at, actor=SYSTEM)
        self.ask(winner, at)

        run(at)

        assert fields_of(loser) | fields_of(winner) == set(SAID)
        (left,) = sql.row("SELECT count(*) FROM members_profilevalue")
        assert left == 2 * len(SAID)

    def test_a_proposal_keeps_what_it_is_about_until_it_is_settled(self, at: datetime) -> None:
        always = {"erase_members_max": 0, "four_eyes": {"member.erase": "always"}}
        access_services.change_policy(changes=always, actor=SYSTEM, at=at)
        maker = access_services.create_staff(
            email="maker@example.com", name="周涵", role="owner", actor=SYSTEM, at=at
        )
        member_id = self.given_somebody(at)
        proposed = member_services.erase_or_propose(
            member_id=member_id, reason_code="asked", at=at,
            actor=access_services.find_actor(staff_id=maker.id, at=at),
        )  # fmt: skip
        assert proposed is not None

        run(at)
        held = fields_of(member_id)
        over = at + timedelta(hours=access.policy(at).approval_hours)
        run(over)

        assert held == set(SAID)
        assert fields_of(member_id) == set()

    def test_a_tag_of_somebody_who_asked_stays_too(self, at: datetime) -> None:
        member_id = a_member(at - 2 * DAY)
        tags = [member_services.TagRow(member_id, "vip", at - DAY)]
        member_services.tag(rows=tags, source=things.TagSource.MODEL, at=at - 2 * DAY)
        self.ask(member_id, at - 2 * DAY)

        assert member_services.drop_expired_tags(at=at) == 0


@pytest.mark.reliability("RG13")
class TestRuns:
    def test_are_on_record_with_who_and_what(self, at: datetime) -> None:
        things.a_notice(at - 91 * DAY)
        actor = Actor("staff", 7, "", frozenset(), Scope.all())

        services.run_retention(origin="console", actor=actor, at=at)

        ((found,), more) = selectors.list_retention_runs()
        assert (found.origin, found.actor_id, found.rows, more) == ("console", 7, 1, None)
        assert found.finished_at is not None
        finished, begun = access.list_audit(about=("retention", str(found.id)), limit=9)
        assert (begun.action, begun.actor_id) == ("retention.begun", 7)
        assert (finished.action, finished.details) == ("retention.finished", {"notices": 1})

    def test_that_broke_off_are_taken_up_and_tell_the_whole(
        self, at: datetime, monkeypatch
    ) -> None:
        for n in range(3):
            things.a_notice(at - 91 * DAY - n * A_BIT)
            a_member(at - 366 * DAY - n * A_BIT, city="上海")
        told = due(at)
        whole = retaining._batch

        def dying(run, sweep, after):
            if sweep.name == "notices":
                raise KeyboardInterrupt
            return whole(run, sweep, after)

        with monkeypatch.context() as patch:
            patch.setattr(retaining, "_batch", dying)
            with pytest.raises(KeyboardInterrupt):
                run(at)
        left = selectors.find_open_run()
        assert left is not None
        assert (left.rows, due(at)["notices"][0]) == (3, 3)

        services.retain_nightly(at=at)

        ended = selectors.get_retention_run(run_id=left.id)
        assert ended.finished_at is not None
        assert {
            name: (each.rows, each.oldest_at, each.held) for name, each in ended.counts.items()
        } == told

    def test_at_once_and_beside_writers_end_each_row_once(self, at: datetime) -> None:
        ids = [a_member(at - 366 * DAY, city="上海") for _ in range(12)]
        fresh = ids[:4]
        went_wrong: list[BaseException] = []

        def together(work) -> None:
            try:
                work()
            except BaseException as error:  # noqa: BLE001 shown below
                went_wrong.append(error)
            finally:
                sql.connections["default"].close()

        def write() -> None:
            for member_id in fresh:
                member_services.update_profile(
                    member_id=member_id, values={"city": "杭州"}, at=at, actor=SYSTEM
                )

        threads = [
            threading.Thread(target=together, args=[work])
            for work in (lambda: run(at), lambda: run(at), write)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

        assert went_wrong == []
        values = people.profile_values(member_ids=ids)
        assert {each.member_id: each.value for each in values} == dict.fromkeys(fresh, "杭州")
        runs, _ = selectors.list_retention_runs()
        ended = sum(each.counts["profile_city"].rows for each in runs)
        assert 8 <= ended <= 12
        assert all(each.finished_at for each in runs)

    def test_unknown_ones_are_refused(self, at: datetime) -> None:
        for number in (404, 2**70):
            with pytest.raises(RetentionRunUnknown):
                selectors.get_retention_run(run_id=number)

    def test_go_by_the_queue_and_tell_whoever_asked(self, at: datetime) -> None:
        things.a_notice(at - 91 * DAY)
        actor = Actor("staff", 7, "", frozenset(), Scope.all())
        work = services.ask_retention(actor=actor, at=at)

        console_tasks.run_retention(progress_id=str(work), staff_id=7)

        job = progress.get(progress_id=work)
        assert (job.state.value, job.result["rows"]) == ("done", 1)
        (words, facts) = sql.row(
            "SELECT words, facts::text FROM web_notice WHERE owner = 'staff:7'"
        )
        assert (words, orjson.loads(facts)) == (retaining.DONE, {"rows": 1})


class TestNights:
    NOON = datetime(2026, 3, 1, 4, tzinfo=UTC)  # noon in Shanghai

    @pytest.mark.parametrize(
        ("hour", "last_hours_ago", "expected"),
        [
            (2, None, False),
            (3, None, True),
            (23, None, True),
            (3, 24, True),
            (9, 6, False),
            (3, 2, False),
            (4, 10, True),
        ],
    )
    def test_are_due_once_a_day_of_the_zone(self, hour, last_hours_ago, expected) -> None:
        at = datetime(2026, 3, 1, hour, 17, tzinfo=SHANGHAI)
        last = None if last_hours_ago is None else at - timedelta(hours=last_hours_ago)

        assert is_night_due(at=at, last_at=last, tz=SHANGHAI) is expected

    def test_run_once_each(self, at: datetime) -> None:
        night = at.astimezone(SHANGHAI).replace(hour=4) + DAY

        first = services.retain_nightly(at=night)
        second = services.retain_nightly(at=night + timedelta(hours=1))

        assert first is not None
        assert (first.origin, second) == ("clock", None)
        assert services.retain_nightly(at=night + DAY) is not None

    def test_are_on_the_schedule(self) -> None:
        assert schedule()["console.retain_nightly"] == "17 * * * *"
        gone = {"access.forget_old_tries", "events.purge_letters", "ingest.purge_bodies"}
        assert not gone & set(schedule())


class TestLimits:
    def test_name_every_declared_field(self) -> None:
        assert set(Policy().profile_days) == set(FIELDS)

    def test_are_a_month_or_more_or_none(self) -> None:
        from regulars.access.domain.policy import PolicyOutOfBounds, PolicyUnknown

        changed = changed_policy(Policy(), {"profile_days": {"city": 30}})
        assert changed.profile_days["city"] == BOUNDS["profile_days"][0] == 30
        for wrong in (1, 29, 3_651, True, "30"):
            with pytest.raises(PolicyOutOfBounds):
                changed_policy(Policy(), {"profile_days": {"city": wrong}})
        with pytest.raises(PolicyUnknown):
            changed_policy(Policy(), {"profile_days": {"shoe_size": 30}})

    @pytest.mark.parametrize(
        ("was", "becomes", "looser"),
        [(0, 365, False), (365, 0, True), (365, 400, True), (400, 365, False)],
    )
    def test_are_looser_where_a_value_stays_longer(self, was, becomes, looser) -> None:
        before, after = (
            changed_policy(Policy(), {"profile_days": {"city": days}}) for days in (was, becomes)
        )

        assert loosened(before, after) == (["profile_days.city"] if looser else [])

    def test_say_before_they_change_what_would_be_lost(self, at: datetime) -> None:
        a_member(at - 100 * DAY, city="上海", name="林小满")
        kept = things.a_body(at - 10 * DAY)
        browser = signed_in(at)
        page = browser.get("/console/settings/policy").content.decode()
        names = re.findall(r'<(?:input|select)[^>]* name="([^"]+)"', page)
        policy = initial_of(access.policy(at))
        said = {n: str(policy[n]) for n in names if n in policy and policy[n] is not False}
        changed = said | {"days_city": "90", "body_days": "9", "note": "why", "step": "preview"}

        shown = browser.post("/console/settings/policy", changed).content.decode()

        assert re.findall(r"ends (\d+) rows? with", shown) == ["1", "1"]
        assert (access.policy(at).profile_days["city"], access.policy(at).body_days) == (365, 30)
        assert sql.row("SELECT body IS NULL FROM ingest_delivery WHERE id = %s", [kept]) == (False,)

    def test_come_from_the_deployment_where_they_stand_there(self, at: datetime) -> None:
        sweeps = {each.name: each for each in retaining.list_sweeps(at=at)}

        assert sweeps["letters_open"].limit == settings.DEAD_LETTER_OPEN_DAYS * DAY
        assert sweeps["profile_city"].limit == 365 * DAY
        assert ledger.RUNS_KEPT[1].limit == sweeps["verify_runs"].limit


@pytest.mark.reliability("RG13")
class TestPages:
    @pytest.fixture
    def officer(self, at: datetime) -> Client:
        open_shop(at)
        return signed_in(at, role="privacy_officer")

    def text(self, browser: Client, address: str, status: int = 200) -> str:
        answer = browser.get(address)
        assert answer.status_code == status
        return str(answer.content.decode())

    def test_show_every_class_with_what_would_go(self, at: datetime, officer: Client) -> None:
        a_member(at - 366 * DAY, city="上海")

        page = self.text(officer, "/console/retention")

        for each in retaining.list_sweeps(at=at):
            assert escape(each.title) in page
            assert escape(each.purpose) in page
        assert "365 days after it was last said" in page
        assert "180 days after its arrival" in page
        assert "Nothing was deleted by the policy yet" in page
        assert "or 365 days after it was last said" in self.text(officer, "/console/fields")

    def test_say_first_what_will_go_and_then_do_it_once(
        self, at: datetime, officer: Client
    ) -> None:
        gone = a_member(at - 366 * DAY, city="上海")
        asked = self.text(officer, "/console/retention/now")
        assert "deleted" in asked
        given = {"step": "do", "act_id": hidden(asked, "act_id")}

        for _ in range(2):
            assert officer.post("/console/retention/now", given).status_code == 302
        ((job,), _) = progress.list_progress(owner=None, kind="retention")
        console_tasks.run_retention(progress_id=str(job.id), staff_id=int(job.owner[6:]))

        assert fields_of(gone) == set()
        ((made,), _) = selectors.list_retention_runs()
        shown = self.text(officer, f"/console/retention/{made.id}")
        assert "in the console" in shown
        assert f"/console/retention/{made.id}" in self.text(officer, "/console/retention")
        assert "nothing" in self.text(officer, "/console/retention/now")
        self.text(officer, "/console/retention/999999", status=404)

    def test_running_is_for_those_who_may(self, at: datetime, officer: Client) -> None:
        administrator = signed_in(at, role="administrator")

        assert "Run now" not in self.text(administrator, "/console/retention")
        self.text(administrator, "/console/retention/now", status=403)
        self.text(signed_in(at, role="analyst"), "/console/retention", status=403)

    def test_ask_as_little_for_many_runs(self, at: datetime, officer: Client) -> None:
        run(at)
        few = questions(officer, "/console/retention")
        for n in range(15):
            run(at + n * A_BIT)

        assert questions(officer, "/console/retention") == few


class TestCommand:
    def test_reports_and_then_runs_the_same(self, at: datetime) -> None:
        a_member(at - 366 * DAY, city="上海")
        runner = CliRunner()

        told = runner.invoke(command.retention, ["report", "--json"])
        done = runner.invoke(command.retention, ["run", "--json"])
        shown = runner.invoke(command.retention, ["report"])

        assert (told.exit_code, done.exit_code, shown.exit_code) == (0, 0, 0)
        assert orjson.loads(told.output)["classes"] == orjson.loads(done.output)["classes"]
        lines = {each["class"]: each for each in orjson.loads(done.output)["classes"]}
        assert (lines["profile_city"]["rows"], lines["profile_city"]["limit_days"]) == (1, 365)
        assert "profile_city" in shown.output
