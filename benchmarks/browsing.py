"""Processes that make a large house and browse it: `python -m benchmarks.browsing '{…}'`.

`seed` enrols members with names, stores and tags through the members' own door; `browse` asks for
pages as a signed-in browser does and times the server's part; `export` writes the member list as
a file. Each prints one JSON line.
"""

import gzip
import json
import os
import random
import sys
import time
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

SEED_BATCH = 500
STORES = 40
TAGS = ("无糖", "周末常客", "新客礼", "烘焙课", "企业客户")
SURNAMES = "王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗"
GIVEN = "小满子涵一诺梓萱欣怡浩然宇轩思远佳琪文博雨桐明轩若曦可欣天佑语嫣"
EMAIL = "browser@example.com"
WARM = 3


def main() -> None:
    """Do what the argument says."""
    import django  # noqa: PLC0415 settings come from the environment

    django.setup()
    asked = json.loads(sys.argv[1])
    act = {"seed": _seed, "browse": _browse, "export": _export}[asked.pop("act")]
    print(json.dumps(act(**asked)))


def _stores(at: datetime) -> list[int]:
    from regulars.access import selectors, services  # noqa: PLC0415 after Django's set-up
    from regulars.access.domain import StoreRow  # noqa: PLC0415 the same

    codes = [f"B{n:02d}" for n in range(STORES)]
    services.record_stores(
        [StoreRow(row=n, code=code, name=f"Store {n}") for n, code in enumerate(codes)], at=at
    )
    found = selectors.store_ids_by_code(codes)
    return [found[code] for code in codes]


def _seed(*, members: int, part: int, parts: int) -> dict[str, Any]:
    from benchmarks.shop import phone_of  # noqa: PLC0415 after Django's set-up
    from regulars.members import services  # noqa: PLC0415 the same
    from regulars.members.domain import Identity, IdentityKind, Sighting  # noqa: PLC0415 the same
    from regulars.web import clock  # noqa: PLC0415 the same

    now, rng = clock.now(), random.Random(part)
    stores = _stores(now)
    mine = range(part, members, parts)
    for start in range(0, len(mine), SEED_BATCH):
        sightings = []
        for row, member in enumerate(mine[start : start + SEED_BATCH]):
            joined = now - timedelta(days=rng.randrange(1_100), minutes=rng.randrange(1_440))
            name = rng.choice(SURNAMES) + "".join(rng.sample(GIVEN, 2))
            sightings.append(
                Sighting(
                    row=row,
                    identities=(Identity(IdentityKind.PHONE, phone_of(member)),),
                    occurred_at=joined,
                    joined_at=joined,
                    profile={"name": name},
                    home_store_id=rng.choice(stores),
                    updates_profile=True,
                    tags=(rng.choice(TAGS),) if rng.random() < 0.2 else (),
                )
            )
        services.resolve_identities(sightings, at=clock.now())
    return {"members": len(mine)}


def _browse(*, rounds: int, language: str = "zh-hans") -> dict[str, Any]:
    from django.db import connection  # noqa: PLC0415 after Django's set-up
    from django.test import Client  # noqa: PLC0415 the same

    browser = _signed_in(Client, language)
    found: dict[str, Any] = {}
    for name, addresses in _pages(rounds).items():
        spans, queries, size = [], 0, 0
        for turn in range(WARM + rounds):
            address = next(addresses)
            counted = [0]

            def count(execute: Callable[..., Any], *rest: Any, counted: list[int] = counted) -> Any:
                counted[0] += 1
                return execute(*rest)

            with connection.execute_wrapper(count):
                started = time.perf_counter()
                answer = browser.get(address)
                span = (time.perf_counter() - started) * 1e3
            if answer.status_code != 200:
                raise RuntimeError(f"{name} answered {answer.status_code}")
            if turn == 0:
                size = len(gzip.compress(answer.content, 6))
            if turn >= WARM:
                spans.append(span)
                queries = max(queries, counted[0])
        spans.sort()
        found[name] = {
            "p50_ms": round(spans[len(spans) // 2], 1),
            "p95_ms": round(spans[min(len(spans) - 1, int(len(spans) * 0.95))], 1),
            "queries": queries,
            "gzip_bytes": size,
        }
    return found


def _signed_in(client: Any, language: str) -> Any:
    from regulars.access import selectors, services  # noqa: PLC0415 after Django's set-up
    from regulars.access.domain import Actor  # noqa: PLC0415 the same
    from regulars.web import clock  # noqa: PLC0415 the same

    at = clock.now()
    staff = selectors.find_staff(email=EMAIL) or services.create_staff(
        email=EMAIL, name="Browser", role="owner", actor=Actor.system(), at=at
    )
    browser = client(headers={"accept-language": language}, SERVER_NAME="127.0.0.1")
    session = browser.session
    services.start_session(session=session, staff_id=staff.id, at=at)
    session.save()
    browser.cookies["regulars_session"] = str(session.session_key)
    return browser


def _pages(rounds: int) -> dict[str, Iterator[str]]:
    """Answer for each page the addresses to ask for, one after another."""
    rng = random.Random(5)
    people = _people(rng, 4 * (rounds + WARM))
    stores = [f"B{n:02d}" for n in range(STORES)]

    def of(name: str, **query: str | list[str]) -> Iterator[str]:
        from django.urls import reverse  # noqa: PLC0415 after Django's set-up

        while True:
            said = {k: v if isinstance(v, str) else rng.choice(v) for k, v in query.items()}
            yield reverse(name, query=said or None)

    def each(name: str, *rest: str) -> Iterator[str]:
        from django.urls import reverse  # noqa: PLC0415 after Django's set-up

        while True:
            yield reverse(name, args=[rng.choice(people), *rest])

    return {
        "home": of("console-home"),
        "members": of("console-members"),
        "members, 100 a page": of("console-members", size="100"),
        "members of a store": of("console-members", store=stores),
        "members with a tag": of("console-members", tag=list(TAGS)),
        "members by join date": of("console-members", joined="last_30"),
        "member 360": each("console-member"),
        "timeline": each("console-member-tab", "timeline"),
        "points tab": each("console-member-tab", "points"),
        "audit log": of("console-audit"),
        "audit log, one action": of("console-audit", action="members.reveal"),
        "events": of("console-events"),
        "events of a type": of("console-events", type=["order.recorded", "member.enrolled"]),
        "orders": of("console-orders"),
        "ledger": of("console-ledger"),
    }


def _people(rng: random.Random, many: int) -> list[Any]:
    """Answer the public ids of members from all over the house."""
    from regulars.web import sql  # noqa: PLC0415 after Django's set-up

    lowest, highest = sql.row("SELECT min(id), max(id) FROM members_member") or (1, 1)
    found = sql.rows(
        "SELECT public_id FROM members_member WHERE id = ANY(%s::bigint[]) AND status = 'active'",
        [[rng.randint(lowest, highest) for _ in range(many)]],
    )
    return [one for (one,) in found]


def _export() -> dict[str, Any]:
    from regulars.access import selectors, services  # noqa: PLC0415 after Django's set-up
    from regulars.console.domain.exports import Wish  # noqa: PLC0415 the same
    from regulars.console.selectors.exporting import exportable, get_export  # noqa: PLC0415 the same
    from regulars.console.services import exports  # noqa: PLC0415 the same
    from regulars.web import clock, progress  # noqa: PLC0415 the same

    at = clock.now()
    staff = selectors.find_staff(email=EMAIL)
    assert staff is not None
    actor = services.find_actor(staff_id=staff.id, at=at)
    assert actor is not None
    wish = Wish(
        what="members",
        filters={},
        columns=tuple(column.code for column in exportable("members").columns),
        form="csv",
        is_masked=True,
        reason_code="analysis",
        language="zh-hans",
    )
    asked = exports.ask_export(actor=actor, wish=wish, at=at)
    assert asked.work is not None, "nobody else may say yes in this house"
    started = time.perf_counter()
    exports.write_export(export_id=asked.work, at=clock.now())
    seconds = time.perf_counter() - started
    export = get_export(export_id=asked.work)
    state = progress.get(progress_id=asked.work)
    assert export.rows is not None, state
    peak = next(
        int(line.split()[1])
        for line in Path("/proc/self/status").read_text().splitlines()
        if line.startswith("VmHWM")
    )
    return {
        "rows": export.rows,
        "seconds": seconds,
        "megabytes": peak / 1024,
        "file_megabytes": (export.size_bytes or 0) / 1e6,
        "cores": os.cpu_count(),
    }


if __name__ == "__main__":
    main()
