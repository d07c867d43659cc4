"""Load the demo's exports as any user's files: through imports, signed webhooks and the ledger.

Nothing here writes a table. What the story's systems told wrongly is found by the same checks that
find it in a real file, and stands in the same error files.
"""

import base64
import hashlib
import hmac
import json
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from random import Random
from zoneinfo import ZoneInfo

from regulars.access import selectors as access_selectors
from regulars.access import services as access
from regulars.access.domain import Actor, Scope
from regulars.demo import exports, people, shop, traffic
from regulars.ingest import services as ingest
from regulars.ingest.domain import SourceKind
from regulars.ingest.domain.batches import ImportOptions
from regulars.ingest.domain.files import FileKind
from regulars.kit.errors import Refusal
from regulars.kit.ids import uuid_from
from regulars.ledger import selectors as ledger_selectors
from regulars.ledger import services as ledger
from regulars.members import selectors as members
from regulars.members.domain import MemberQuery
from regulars.web import jobs
from regulars.web.paging import LIMIT_MAX

SEED = 20_260_520
PEOPLE = 20_000
ZONE = "Asia/Shanghai"
MOVED_AFTER = timedelta(days=90)
REDEMPTIONS = 600
REDEMPTION_PAGES_MAX = 60
REDEEMED_FROM = 300  # points at hand from which somebody redeems half of them
WEBHOOK_SOURCE = "mini-program"

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Step:
    """One file, and how it is imported."""

    kind: str
    file: str
    source: str


FILES = (
    Step("stores", exports.STORES_FILE, "office"),
    Step("products", exports.PRODUCTS_FILE, "office"),
    Step("members", exports.CUSTOMERS_FILE, "youzan"),
    Step("members", exports.CARDS_FILE, "till"),
    Step("balances", exports.CUSTOMERS_FILE, "youzan"),
    Step("orders", exports.ORDERS_FILE, "youzan"),
    Step("lines", exports.LINES_FILE, "youzan"),
)
TILL = Step("orders", exports.TILL_FILE, "till")


def write_exports(folder: Path, *, at: datetime, count: int = PEOPLE) -> None:
    """Tell the story of the eighteen months before `at` and write it as the systems would."""
    random = Random(SEED)  # noqa: S311 a story, not a secret
    today = at.astimezone(ZoneInfo(ZONE)).date()
    days = shop.days_until(today)
    products = shop.menu(random)
    crowd = people.crowd(random, count=count, first=days[0], today=today)
    orders = traffic.stream(random, crowd, traffic.Menu(products), days)
    exports.write_all(
        folder,
        random=random,
        people=crowd,
        products=products,
        orders=sorted(orders, key=lambda order: order.ordered_at),
        moved_on=moved_on(at),
    )


def moved_on(at: datetime) -> datetime:
    """Say when the old points system was switched off: its balances are as of that moment."""
    local = at.astimezone(ZoneInfo(ZONE))
    first = shop.days_until(local.date())[0]
    return datetime.combine(first + MOVED_AFTER, time(), tzinfo=ZoneInfo(ZONE)).astimezone(UTC)


def load_exports(folder: Path, *, at: datetime, say: Say) -> None:
    """Import every file; the till's by a second process, as two people would."""
    access.rename_brand(brand_id=access_selectors.list_brands()[0].id, name=shop.BRAND)
    for step in FILES[:4]:
        _import(folder, step, at, say)
    with _till_beside(folder) as till:
        for step in FILES[4:]:
            _import(folder, step, at, say)
        _post_webhooks(folder, at, say)
        said, _ = till.communicate()
    if till.returncode not in {0, 1}:
        raise RuntimeError(f"the till's file could not be loaded: {said}")
    say(f"  {TILL.file}: {json.loads(said)['new']:,} new")
    _redeem(at, say)


def _till_beside(folder: Path) -> "subprocess.Popen[str]":
    command = [sys.executable, "-m", "regulars.cli", "import", TILL.kind, str(folder / TILL.file)]
    command += ["--source", TILL.source, "--zone", ZONE, "--currency", "CNY", "--json"]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)  # noqa: S603 our own


def _import(folder: Path, step: Step, at: datetime, say: Say) -> None:

    options = ImportOptions(
        kind=FileKind(step.kind),
        source=step.source,
        zone=ZONE,
        currency="CNY",
        as_of=moved_on(at) if step.kind == "balances" else None,
    )
    report = ingest.import_file(path=folder / step.file, options=options, at=at)
    tally = report.tally
    errors = f", {tally.errors:,} in error" if tally.errors else ""
    say(f"  {step.file}: {tally.new:,} new, {tally.updated:,} updated{errors}")


def _post_webhooks(folder: Path, at: datetime, say: Say) -> None:

    made = ingest.create_source(
        name=WEBHOOK_SOURCE, kind=SourceKind.WEBHOOK, at=at, actor=Actor.system(), zone=ZONE
    )
    assert made.secret is not None
    bodies = (folder / exports.WEBHOOKS_FILE).read_bytes().split(b"\n")
    for body in bodies:
        name = f"msg_{hashlib.sha256(body).hexdigest()[:24]}"
        ingest.receive_delivery(
            source_id=str(made.source.public_id),
            headers=signed(body, name=name, secret=made.secret, at=at),
            body=body,
            at=at,
        )
    jobs.run_worker(wait=False)
    say(f"  {WEBHOOK_SOURCE}: {len(bodies):,} webhook bodies")


def signed(body: bytes, *, name: str, secret: str, at: datetime) -> dict[str, str]:
    """Sign a body after Standard Webhooks, as the mini program's back end would."""
    stamp = str(int(at.timestamp()))
    key = base64.b64decode(secret.removeprefix("whsec_"))
    digest = hmac.digest(key, b".".join((name.encode(), stamp.encode(), body)), "sha256")
    return {
        "webhook-id": name,
        "webhook-timestamp": stamp,
        "webhook-signature": f"v1,{base64.b64encode(digest).decode()}",
    }


def _redeem(at: datetime, say: Say) -> None:
    done = 0
    cursor: str | None = None
    for _ in range(REDEMPTION_PAGES_MAX):
        page = members.list_members(
            scope=Scope.all(), query=MemberQuery(), cursor=cursor, limit=LIMIT_MAX
        )
        done += _redeem_page([member.id for member in page.items], REDEMPTIONS - done, at)
        cursor = page.next_cursor
        if cursor is None or done >= REDEMPTIONS:
            break
    say(f"  {done:,} members redeemed points")


def _redeem_page(ids: list[int], most: int, at: datetime) -> int:
    held = ledger_selectors.balances(member_ids=ids, at=at)
    able = [one for one in ids if one in held and held[one].available >= REDEEMED_FROM]
    done = 0
    for member_id in able[: max(0, most)]:
        amount = held[member_id].available // 200 * 100
        try:
            ledger.spend_points(
                transfer_id=uuid_from("demo", member_id), member_id=member_id, amount=amount, at=at
            )
        except Refusal:  # somebody owes points: that blocks spending, as it should
            continue
        done += 1
    return done
