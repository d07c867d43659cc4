"""One row of every class of data that does not stay for ever, as old as the test wants it."""

from collections.abc import Callable
from datetime import datetime, timedelta
from itertools import count
from uuid import UUID, uuid4

from django.contrib.sessions.models import Session as Cookie

from regulars.access import models as access_rows
from regulars.access import services as access
from regulars.access.domain import Actor
from regulars.console import models as console_rows
from regulars.events import services as events
from regulars.ingest import models as ingest_rows
from regulars.ledger import models as ledger_rows
from regulars.members import models as member_rows
from regulars.members import services as members
from regulars.members.domain import FIELDS, Sighting, TagSource
from regulars.web import models as web_rows
from regulars.web import notices, progress
from tests.members.people import external

SYSTEM = Actor.system()
SAID = {
    "name": "林小满", "nickname": "小林", "gender": "female", "birthday": "1990-05-01",
    "city": "上海", "language": "zh",
}  # fmt: skip
_numbers = count(1)


def a_member(at: datetime, **profile: str) -> int:
    """Enrol somebody of whom the profile was said at a moment."""
    identity = external(f"kept-{next(_numbers)}")
    sighting = Sighting(
        row=0, identities=(identity,), occurred_at=at, profile=profile, updates_profile=True
    )
    (found,) = members.resolve_identities([sighting], at=at)
    assert found.member_id is not None
    return found.member_id


def somebody_gone(at: datetime) -> None:
    """Leave a value with a person who was erased, as nothing of ours does."""
    member_id = a_member(at)
    members.erase(member_id=member_id, at=at, actor=SYSTEM, reason_code="asked")
    member_rows.ProfileValue.objects.create(
        member_id=member_id, field="language", plain="zh", set_at=at
    )


def a_tag(at: datetime) -> None:
    member_id = a_member(at - timedelta(days=1))
    tags = [members.TagRow(member_id, "vip", at)]
    members.tag(rows=tags, source=TagSource.MODEL, at=at - timedelta(days=1))


def a_package(at: datetime) -> None:
    member_rows.PrivacyRequest.objects.create(
        public_id=uuid4(), member_id=a_member(at), kind="copy", channel="store", state="done",
        opened_at=at, due_at=at, closed_at=at, packaged_at=at, package_until=at,
    )  # fmt: skip


def an_export(at: datetime) -> None:
    console_rows.Export.objects.create(
        public_id=uuid4(), what="members", columns=["number"], form="csv", reason_code="service",
        language="en", staff_id=1, asked_at=at, made_at=at, rows=1, size_bytes=1, expires_at=at,
    )  # fmt: skip


def a_body(at: datetime, member_ids: tuple[int, ...] = ()) -> int:
    made = ingest_rows.Delivery.objects.create(
        source_id=1, message_id=str(uuid4()), body_hash=b"h", body=b"b", state="applied",
        rows_done=1, counts={}, error_code="", received_at=at,
    )  # fmt: skip
    for member_id in member_ids:
        ingest_rows.DeliveryMember.objects.create(member_id=member_id, delivery_id=made.id)
    return int(made.id)


def an_error_file(at: datetime) -> None:
    ingest_rows.Batch.objects.create(
        public_id=uuid4(), kind="members", source_id=1, file_name="m.csv", content_hash=b"c",
        options_hash=b"o", options={}, headers=[], mapping={}, layout="", state="finished",
        rows_total=1, things_total=1, things_done=1, rows_new=0, rows_updated=0, rows_skipped=0,
        rows_parked=0, rows_error=1, wrapped_key=b"k", error_file="", error_file_until=at,
        started_at=at,
    )  # fmt: skip


def an_upload(at: datetime) -> None:
    ingest_rows.Upload.objects.create(
        public_id=uuid4(), owner="staff:1", kind="members", file_name="m.csv", size_bytes=1,
        options={}, headers=[], signature=b"s", sample=b"s", wrapped_key=b"k", state="mapping",
        uploaded_at=at, expires_at=at,
    )  # fmt: skip


def a_letter(at: datetime, member_id: int | None = None) -> int:
    return events.bury(kind="row", error_code="x.y", body=b"1", at=at, member_id=member_id)


def a_settled_letter(at: datetime) -> None:
    events.settle(ids=[a_letter(at)], state="dropped", at=at)


def a_try(at: datetime) -> None:
    key = uuid4().bytes
    access_rows.TryLog.objects.create(key=key, times=[at], changed_at=at)


def a_link(at: datetime) -> None:
    access_rows.OneTimeLink.objects.create(
        purpose="sign_in", token_hash=uuid4().bytes, created_at=at, expires_at=at
    )


def a_session(at: datetime) -> None:
    access_rows.Session.objects.create(
        public_id=uuid4(), staff_id=somebody(at), epoch=0, how="password", device="Firefox",
        network="10.0.0.0/24", started_at=at, seen_at=at,
    )  # fmt: skip


def a_challenge(at: datetime) -> None:
    access_rows.Challenge.objects.create(purpose="passkey_sign_in", created_at=at, expires_at=at)


def a_cookie(at: datetime) -> None:
    Cookie.objects.create(session_key=uuid4().hex, session_data="", expire_date=at)


def a_notice(at: datetime) -> None:
    notices.tell(owners=["staff:1"], words="x", at=at)


def a_job(at: datetime) -> None:
    progress.finish(progress.begin(kind="verify", owner="staff:1", at=at), at=at)


def a_reply(at: datetime) -> None:
    web_rows.Idempotency.objects.create(
        caller="staff:1", route="x", key=str(uuid4()), request_hash=b"h", status=200, result={},
        recorded_at=at,
    )  # fmt: skip


def a_run(at: datetime, *, kind: str) -> None:
    ledger_rows.VerifyRun.objects.create(
        kind=kind, origin="clock", started_at=at, finished_at=at, watermark=0, transfers=0,
        accounts=0, checks=0, bad=0, milliseconds=0, findings=[],
    )  # fmt: skip


def somebody(at: datetime) -> int:
    """Answer a colleague to whom sessions belong."""
    mail = f"{UUID(int=next(_numbers)).hex}@example.com"
    made = access.create_staff(email=mail, name="周涵", role="analyst", actor=SYSTEM, at=at)
    return made.id


PLANTED: dict[str, Callable[[datetime], object]] = {
    **{
        f"profile_{name}": (lambda at, name=name: a_member(at, **{name: SAID[name]}))
        for name in FIELDS
    },
    "profile_of_those_gone": somebody_gone,
    "tags": a_tag,
    "packages": a_package,
    "exports": an_export,
    "webhook_bodies": a_body,
    "error_files": an_error_file,
    "uploads": an_upload,
    "letters_settled": a_settled_letter,
    "letters_open": a_letter,
    "sign_in_tries": a_try,
    "one_time_links": a_link,
    "sessions": a_session,
    "challenges": a_challenge,
    "cookies": a_cookie,
    "notices": a_notice,
    "jobs": a_job,
    "replies": a_reply,
    "verify_runs_recent": lambda at: a_run(at, kind="recent"),
    "verify_runs": lambda at: a_run(at, kind="full"),
}
