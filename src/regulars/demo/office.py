"""A week at the office: colleagues with their roles, privacy requests, a correction that waits.

Everything is made through the doors people use, so that the inboxes of the demo are not empty.
"""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from regulars.access import services as access
from regulars.access.domain import Actor, Scope
from regulars.demo.load import ZONE
from regulars.kit.ids import uuid_from
from regulars.ledger import services as ledger
from regulars.members import selectors as people
from regulars.members import services as members
from regulars.members.domain import MemberQuery
from regulars.members.domain.requests import RequestKind

# name, code of the till, role, scope
COLLEAGUES: Final = (
    ("沈知夏", "M01", "store_manager", "store:SH01"),
    ("何一鸣", "C07", "clerk", "store:SH01"),
    ("罗雨桐", "R01", "regional_manager", "region:华东"),
    ("唐可欣", "O01", "operations", "all"),
    ("邓浩然", "A01", "analyst", "all"),
    ("许文静", "F01", "finance", "all"),
    ("顾明轩", "P01", "privacy_officer", "all"),
)
REQUESTS: Final = (
    (RequestKind.COPY, "online", 12, "来电要一份完整的个人信息副本"),
    (RequestKind.CORRECT, "store", 4, "生日登记错了一天"),
    (RequestKind.WITHDRAW, "phone", 2, "不再接收短信"),
    (RequestKind.DELETE, "email", 1, "搬走了，请删除账号"),
)
CORRECTION: Final = 30_000
REASON: Final = 7


def open_office(*, at: datetime, say: Callable[[str], None]) -> None:
    """Let the colleagues in and leave some work on the desks."""
    staff = {
        role: _colleague(name, code, role, scope, at) for name, code, role, scope in COLLEAGUES
    }
    chosen = people.list_members(scope=Scope.all(), query=MemberQuery(), limit=len(REQUESTS) + 1)
    ids = [member.id for member in chosen.items]
    for member_id, (kind, channel, days, note) in zip(ids, REQUESTS, strict=False):
        _request(
            staff["privacy_officer"], member_id, kind, channel, note, at - timedelta(days=days)
        )
    ledger.correct_points(
        transfer_id=uuid_from("demo", "correction"),
        member_id=ids[-1],
        amount=CORRECTION,
        reason_code=REASON,
        actor=_actor(staff["operations"], at),
        at=at,
        note="线下活动积分漏发，附活动名单",
    )
    say(f"  {len(COLLEAGUES)} colleagues, {len(REQUESTS)} privacy requests, 1 correction proposed")


def _colleague(name: str, code: str, role: str, scope: str, at: datetime) -> int:
    made = access.create_staff(
        email=f"{code.lower()}@example.com",
        name=name,
        code=code,
        role=role,
        scope=scope,
        actor=Actor.system("demo"),
        at=at - timedelta(days=60),
    )
    return made.id


def _actor(staff_id: int, at: datetime) -> Actor:
    actor = access.find_actor(staff_id=staff_id, at=at)
    assert actor is not None
    return actor


def _request(
    staff_id: int, member_id: int, kind: RequestKind, channel: str, note: str, at: datetime
) -> None:
    members.open_request(
        member_id=member_id,
        kind=kind,
        channel=channel,
        note=note,
        scope=Scope.all(),
        actor=_actor(staff_id, at),
        at=at,
        tz=ZoneInfo(ZONE),
    )
