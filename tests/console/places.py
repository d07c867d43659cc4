"""Every page of the console, and a thing of each kind to open it with.

The matrix of access and the browser walk are both made from this table: a page without an entry
fails. Things belong to store S01 and to a colleague, so that whoever sees only S02, and whoever is
not that colleague, must not find them.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

from django.conf import settings
from django.urls import reverse

from regulars.access import selectors as access_selectors
from regulars.access import services as access
from regulars.access.domain import Actor, Scope
from regulars.commerce import services as commerce
from regulars.commerce.domain import ProductInput
from regulars.console import services as console
from regulars.console.domain.exports import Wish
from regulars.console.services import copies
from regulars.events import services as events
from regulars.events.selectors import LetterQuery
from regulars.ingest import services as ingest
from regulars.ingest.domain import SourceKind
from regulars.ingest.domain.batches import ImportOptions
from regulars.ingest.domain.files import FileKind
from regulars.ledger import services as ledger
from regulars.ledger.domain import VerifyOrigin
from regulars.members import selectors as people
from regulars.members import services as members
from regulars.members.domain import Identity, IdentityKind, Sighting
from regulars.members.domain.requests import RequestKind
from regulars.web import clock, sql
from tests.console.shop import OTHER_PHONE, Shop

SYSTEM = Actor.system()


@dataclass(frozen=True)
class Place:
    """How a page is opened, and what of it must not be seen by the wrong people.

    `scoped`: the thing lies in store S01 and is not found from S02. `owned`: it belongs to a
    colleague and is not found by others. `hides`: a list shows the thing of this key to those who
    may see S01 only. `walk`: the browser looks at it.
    """

    args: tuple[str, ...] = ()
    query: Mapping[str, str] = field(default_factory=dict)
    post: bool = False
    data: Mapping[str, str] = field(default_factory=dict)
    scoped: bool = False
    owned: bool = False
    hides: str = ""
    walk: bool = True

    def href(self, name: str, things: Mapping[str, Any]) -> str:
        """Answer the address with the things filled in."""
        args = [things.get(one, one) for one in self.args]
        query = {key: str(things.get(value, value)) for key, value in self.query.items()}
        return reverse(name, args=args or None, query=query or None)


def one(*args: str, **more: Any) -> Place:
    return Place(args, scoped=True, **more)


def act(*args: str, **more: Any) -> Place:
    return Place(args, post=True, walk=False, **more)


def own(*args: str, **more: Any) -> Place:
    return Place(args, owned=True, **more)


PLACES: dict[str, Place] = {
    "console-home": Place(),
    "console-search": act(data={"q": "SO-0001"}),
    "console-style": Place(),
    "console-columns": act(data={"list": "members"}),
    "console-view-new": act(data={"list": "members", "name": "x", "query": "size=50"}),
    "console-view-default": act(data={"list": "members"}),
    "console-view": act("view", owned=True, data={"act": "rename", "name": "y"}),
    # members
    "console-members": Place(hides="member"),
    "console-member": one("member"),
    "console-member-tab": one("member", "points"),
    "console-reveal": act("member", scoped=True, data={"reason": "member_request"}),
    "console-member-adjust": one("member"),
    "console-member-consent": one("member"),
    "console-member-copy": one("member"),
    "console-member-copy-ready": own("member", "ticket", walk=False),
    "console-member-copy-file": own("member", "ticket", "json", walk=False),
    "console-member-erase": one("member"),
    "console-member-freeze": one("member"),
    "console-member-home": one("member"),
    "console-member-link": one("member"),
    "console-member-merge": one("member"),
    "console-member-profile": one("member"),
    "console-member-tag": one("member"),
    "console-member-unfreeze": one("member"),
    "console-member-unlink": one("member"),
    "console-member-untag": one("member"),
    "console-suggestions": Place(hides="number"),
    "console-suggestions-dismiss": act(data={"all": "1"}),
    "console-suggestions-later": act(data={"all": "1"}),
    "console-unmerge": one("whole", "merge"),
    "console-merge": one("member", "other"),
    # privacy desk: given for the whole house only
    "console-privacy": Place(hides="request"),
    "console-privacy-new": Place(),
    "console-privacy-request": one("request"),
    "console-privacy-check": act("request", scoped=True, data={"how": "document"}),
    "console-privacy-take": act("request", scoped=True),
    "console-privacy-package": act("request", scoped=True),
    "console-privacy-copy": one("request", walk=False),
    "console-privacy-letter": one("request", "en", walk=False),
    "console-privacy-close": act("request", scoped=True, data={"how": "cancel"}),
    "console-fields": Place(),
    # trade
    "console-orders": Place(hides="order"),
    "console-order": one("order"),
    "console-products": Place(),
    "console-product": Place(("product",)),
    "console-stores": Place(hides="store"),
    "console-store": one("store"),
    "console-store-change": one("store"),
    # points
    "console-ledger": Place(hides="member"),
    "console-ledger-movement": one("movement"),
    "console-verify": Place(),
    "console-verify-now": act(),
    "console-verify-run": Place(("run",)),
    # data: what comes in concerns the whole house; a file belongs to whoever brought it
    "console-imports": Place(),
    "console-import-new": Place(),
    "console-import-template": Place(("members",), walk=False),
    "console-import": Place(("import",)),
    "console-import-errors": Place(("import",), walk=False),
    "console-import-undo": Place(("import",)),
    "console-import-resume": act("import"),
    "console-import-map": act("upload", owned=True, data={"source": "files"}),
    "console-import-run": own("upload", walk=False),
    "console-import-stop": act("upload", owned=True),
    "console-import-drop": act("upload", owned=True),
    "console-sources": Place(),
    "console-source-new": Place(),
    "console-source": Place(("source",)),
    "console-source-deliveries": Place(("source",)),
    "console-source-rotate": Place(("source",)),
    "console-dead-letters": Place(),
    "console-dead-letter": Place(("letter",)),
    "console-dead-letter-reveal": act("letter", data={"reason": "find_fault"}),
    "console-dead-letters-replay": act(data={"ids": "letter"}),
    "console-dead-letters-book": act(data={"ids": "letter"}),
    "console-dead-letters-drop": act(data={"ids": "letter"}),
    "console-dead-letters-report": Place(("replay",), walk=False),
    "console-events": Place(hides="event"),
    "console-events-find": act(data={"q": "13800138000"}),
    "console-event": one("event"),
    # work
    "console-exports": Place(),
    "console-export-new": Place(query={"what": "members"}),
    "console-export-file": own("export", walk=False),
    "console-jobs": Place(),
    "console-job": own("export"),
    "console-job-stop": act("export", owned=True),
    "console-notifications": Place(),
    "console-notifications-seen": act(),
    "console-approvals": Place(),
}


def open_things(shop: Shop) -> dict[str, Any]:
    """Make a thing of each kind, as people make them; answers their keys for addresses."""
    at = clock.now()
    colleague = access.create_staff(
        email="colleague@example.com", name="周涵", role="owner", actor=SYSTEM, at=at
    )
    actor = access.find_actor(staff_id=colleague.id, at=at)
    assert actor is not None
    request = members.open_request(
        member_id=shop.lin, kind=RequestKind.COPY, channel="store", note="", scope=Scope.all(),
        actor=actor, at=at, tz=_zone(),
    )  # fmt: skip
    said = {"public_id": request.public_id, "scope": Scope.all(), "actor": actor, "at": at}
    members.check_requester(**said, how="document")
    console.make_package(**said)
    order = sql.row(
        "SELECT public_id FROM commerce_order WHERE external_id = %s::text", [shop.order_number]
    )
    movement = sql.row(
        "SELECT t.seq FROM ledger_transfer t JOIN ledger_account a"
        " ON a.id IN (t.debit_id, t.credit_id)"
        " WHERE a.member_id = %s::bigint AND a.currency = 1 LIMIT 1",
        [shop.lin],
    )
    store = access_selectors.stores_by_id([shop.store_ids["S01"]])[shop.store_ids["S01"]]
    number = sql.row("SELECT number FROM members_member WHERE id = %s::bigint", [shop.lin])
    tea = ProductInput(sku="T-001", name="白桃乌龙")
    commerce.record_products(products=[tea], currency="CNY", at=at)
    product = sql.row("SELECT public_id FROM commerce_product WHERE sku = 'T-001'")
    ledger.prove(origin=VerifyOrigin.COMMAND, at=at, since=2**40)
    run = sql.row("SELECT max(id) FROM ledger_verify_run")
    assert product is not None
    assert run is not None
    assert order is not None
    assert movement is not None
    assert number is not None
    whole, merged = _merged(shop)
    _suggest(shop)
    return {
        "whole": whole,
        "merge": merged,
        "ticket": copies.ask_copy(
            public_id=shop.lin_public, reason_code="copy_request", actor=actor, at=at
        ),
        "member": shop.lin_public,
        "other": shop.wang_public,
        "number": number[0],
        "order": order[0],
        "store": store.public_id,
        "movement": movement[0],
        "product": product[0],
        "run": run[0],
        "request": request.public_id,
        "export": _export(actor),
        **_data(shop, actor),
        "view": _view(actor),
        "colleague": colleague.public_id,
        "until": at + timedelta(days=1),
    }


def _merged(shop: Shop) -> tuple[Any, int]:
    """Make one member of two in store S01; answers its address and the merge."""
    at = clock.now()
    sightings = [
        Sighting(
            row=row,
            identities=(Identity(IdentityKind.EMAIL, f"{name}@example.com"),),
            occurred_at=at,
            source_id=shop.source_id,
            home_store_id=shop.store_ids["S01"],
            updates_profile=True,
        )
        for row, name in enumerate(("whole", "part"))
    ]
    winner, loser = (one.member_id for one in members.resolve_identities(sightings, at=at))
    assert winner is not None
    assert loser is not None
    merge = members.merge(winner_id=winner, loser_id=loser, at=at, actor=SYSTEM)
    return people.public_ids(member_ids=[winner])[winner], merge.id


def _suggest(shop: Shop) -> None:
    """Let two members of two stores be suggested for a merge."""
    phone = Identity(IdentityKind.PHONE, OTHER_PHONE)
    members.link_identity(member_id=shop.lin, identity=phone, at=clock.now(), actor=SYSTEM)


def _zone() -> Any:
    from regulars.loyalty import selectors as loyalty

    return loyalty.get_programme().tz


def _export(actor: Actor) -> Any:
    wish = Wish(
        what="members", filters={}, columns=("number",), form="csv", is_masked=True,
        reason_code="service", language="en",
    )  # fmt: skip
    asked = console.ask_export(actor=actor, wish=wish, at=clock.now())
    return asked.work


def _data(shop: Shop, actor: Actor) -> dict[str, Any]:
    """Bring in a file, hand one over, reject a row, make a webhook, ask for a replay."""
    at = clock.now()
    rows = "手机号,姓名\n13700137000,李雷\n1380013,短号\n"
    path = Path(settings.REGULARS_VAR) / "members.csv"
    path.write_text(rows, encoding="utf-8")
    options = ImportOptions(kind=FileKind.MEMBERS)
    report = ingest.import_file(path=path, options=options, at=at)
    upload = ingest.receive_upload(
        name="members.csv", pieces=[rows.encode()], kind=FileKind.MEMBERS, actor=actor, at=at
    )
    letter = events.bury(
        kind="row", error_code="ingest.row_broke", at=at, body=b"orders 1\n{}",
        source_id=shop.source_id,
    )  # fmt: skip
    hook = ingest.create_source(name="youzan", kind=SourceKind.WEBHOOK, actor=SYSTEM, at=at)
    replay = ingest.ask_letters(
        act=ingest.LetterAct.REPLAY, query=LetterQuery(), actor=actor, at=at
    )
    event = sql.row(
        "SELECT id FROM events_event WHERE type = 'order.recorded' AND store_id = %s::bigint"
        " ORDER BY recorded_at DESC, id DESC LIMIT 1",
        [shop.store_ids["S01"]],
    )
    assert event is not None
    return {
        "import": report.batch,
        "upload": upload.public_id,
        "letter": letter,
        "source": hook.source.public_id,
        "replay": replay,
        "event": event[0],
    }


def _view(actor: Actor) -> Any:
    return console.save_view(
        actor=actor, name="members", title="x", query="size=50", is_shared=False, at=clock.now()
    )
