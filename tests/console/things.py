"""A thing of each kind the console has a page for, made as people make them.

Things belong to store S01 and to a colleague, so that whoever sees only S02, and whoever is not that
colleague, must not find them.
"""

import csv
import io
from datetime import datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from uuid import uuid4

from regulars.access import selectors as access_selectors
from regulars.access import services as access
from regulars.access.domain import Actor, Approval, Scope
from regulars.access.domain.factors import step_of, totp_code
from regulars.commerce import services as commerce
from regulars.commerce.domain import ProductInput
from regulars.console import services as console
from regulars.console.domain.exports import Wish
from regulars.console.services import copies
from regulars.events import selectors as log
from regulars.events import services as events
from regulars.events.selectors import LetterQuery, LogQuery
from regulars.ingest import services as ingest
from regulars.ingest.domain import SourceKind
from regulars.ingest.domain.batches import ImportOptions
from regulars.ingest.domain.files import FileKind
from regulars.ledger import services as ledger
from regulars.ledger.domain import VerifyOrigin
from regulars.loyalty import selectors as loyalty
from regulars.members import selectors as member_selectors
from regulars.members import services as members
from regulars.members.domain import Identity, IdentityKind, Sighting
from regulars.members.domain.requests import RequestKind
from regulars.members.selectors import suggestions
from regulars.web import clock, sql
from tests.console.shop import NAME, Shop

SYSTEM = Actor.system()


def open_things(shop: Shop) -> dict[str, Any]:
    """Make a thing of each kind; answers their keys for addresses."""
    at = clock.now()
    colleague = access.create_staff(
        email="colleague@example.com", name="周涵", role="owner", actor=SYSTEM, at=at
    )
    actor = access.find_actor(staff_id=colleague.id, at=at)
    assert actor is not None
    store = access_selectors.stores_by_id([shop.store_ids["S01"]])[shop.store_ids["S01"]]
    return {
        "member": shop.lin_public,
        "other": shop.wang_public,
        "number": first("SELECT number FROM members_member WHERE id = %s::bigint", shop.lin),
        "store": store.public_id,
        "colleague": colleague.public_id,
        **_trade(shop, at),
        **_people(shop, actor, at),
        **_privacy(shop, actor, at),
        **_work(shop, actor, at),
        **_brought_in(shop, actor, at),
        **_administration(colleague.id, at),
    }


def first(query: str, *values: object) -> Any:
    """Answer the first column of the first row."""
    row = sql.row(query, list(values))
    assert row is not None, query
    return row[0]


def _trade(shop: Shop, at: datetime) -> dict[str, Any]:
    commerce.record_products(
        products=[ProductInput(sku="T-001", name="白桃乌龙")], currency="CNY", at=at
    )
    ledger.prove(origin=VerifyOrigin.COMMAND, at=at, since=2**40)
    orders = log.list_log(query=LogQuery(type="order.recorded", member_ids=(shop.lin,))).events
    return {
        "order": first(
            "SELECT public_id FROM commerce_order WHERE external_id = %s::text", shop.order_number
        ),
        "product": first("SELECT public_id FROM commerce_product WHERE sku = 'T-001'"),
        "movement": first(
            "SELECT t.seq FROM ledger_transfer t JOIN ledger_account a"
            " ON a.id IN (t.debit_id, t.credit_id)"
            " WHERE a.member_id = %s::bigint AND a.currency = 1 LIMIT 1",
            shop.lin,
        ),
        "run": first("SELECT max(id) FROM ledger_verify_run"),
        "event": orders[0].id,
    }


def _people(shop: Shop, actor: Actor, at: datetime) -> dict[str, Any]:
    """Let one record of the same person be merged, and another be suggested."""
    merged, twin = (_twin(shop, f"twin{n}@example.com", at) for n in (1, 2))
    merge = members.merge(winner_id=shop.lin, loser_id=merged, at=at, actor=actor)
    mail = Identity(IdentityKind.EMAIL, "twin2@example.com")
    members.link_identity(member_id=shop.lin, identity=mail, at=at, actor=actor)
    (pair, *_), _ = suggestions.list_queue(scope=Scope.all(), at=at)
    return {
        "merge": merge.id,
        "twin": member_selectors.public_ids(member_ids=[twin])[twin],
        "suggestion": pair.id,
    }


def _twin(shop: Shop, email: str, at: datetime) -> int:
    (found,) = members.resolve_identities(
        [
            Sighting(
                row=0,
                identities=(Identity(IdentityKind.EMAIL, email),),
                occurred_at=at,
                profile={"name": NAME, "birthday": "1990-05-01"},
                source_id=shop.source_id,
                home_store_id=shop.store_ids["S01"],
                updates_profile=True,
            )
        ],
        at=at,
    )
    assert found.member_id is not None
    return found.member_id


def _privacy(shop: Shop, actor: Actor, at: datetime) -> dict[str, Any]:
    request = members.open_request(
        member_id=shop.lin, kind=RequestKind.COPY, channel="store", note="", scope=Scope.all(),
        actor=actor, at=at, tz=loyalty.get_programme().tz,
    )  # fmt: skip
    said = {"public_id": request.public_id, "scope": Scope.all(), "actor": actor, "at": at}
    members.check_requester(**said, how="document")
    console.make_package(**said)
    ticket = copies.ask_copy(
        public_id=shop.lin_public, reason_code="copy_request", actor=actor, at=at
    )
    return {"request": request.public_id, "ticket": ticket}


def _work(shop: Shop, actor: Actor, at: datetime) -> dict[str, Any]:
    wish = Wish(
        what="members", filters={}, columns=("number",), form="csv", is_masked=True,
        reason_code="service", language="en",
    )  # fmt: skip
    maker = access.create_staff(
        email="maker@example.com", name="许宁", role="operations", actor=SYSTEM, at=at
    )
    proposer = access.find_actor(staff_id=maker.id, at=at)
    assert proposer is not None
    proposed = ledger.correct_points(
        transfer_id=uuid4(), member_id=shop.lin, amount=60_000, reason_code=109, actor=proposer,
        at=at, note="积分补登",
    )  # fmt: skip
    assert isinstance(proposed, Approval)
    view = console.save_view(
        actor=actor, name="members", title="x", query="size=50", is_shared=False, at=at
    )
    return {
        "approval": proposed.public_id,
        "export": console.ask_export(actor=actor, wish=wish, at=at).work,
        "view": view,
    }


def _brought_in(shop: Shop, actor: Actor, at: datetime) -> dict[str, Any]:
    """Import a file with a row in error, leave another half way, reject a row, make a webhook."""
    rows = [["手机号", "姓名"], ["13700137000", "李雷"], ["138****0000", "藏"]]
    text = io.StringIO()
    csv.writer(text).writerows(rows)
    with TemporaryDirectory() as folder:
        path = Path(folder) / "members.csv"
        path.write_text(text.getvalue(), encoding="utf-8")
        options = ImportOptions(kind=FileKind.MEMBERS)
        report = ingest.import_file(path=path, options=options, at=at, actor=actor)
    upload = ingest.receive_upload(
        name="spring.csv",
        pieces=[text.getvalue().encode()],
        kind=FileKind.MEMBERS,
        actor=actor,
        at=at,
    )
    letter = events.bury(
        kind="row", error_code="ingest.row_broke", at=at, body=b"orders 1\n{}",
        error_facts={"error": "KeyError"}, source_id=shop.source_id, member_id=shop.lin,
    )  # fmt: skip
    hook = ingest.create_source(name="youzan", kind=SourceKind.WEBHOOK, actor=SYSTEM, at=at)
    replay = ingest.ask_letters(
        act=ingest.LetterAct.REPLAY, query=LetterQuery(), actor=actor, at=at
    )
    return {
        "batch": report.batch,
        "upload": upload.public_id,
        "letter": letter,
        "source": hook.source.public_id,
        "replay": replay,
    }


def _administration(colleague_id: int, at: datetime) -> dict[str, Any]:
    key = access.create_key(
        permissions=["members.read"], title="till", actor=SYSTEM, at=at,
        expires_at=at + timedelta(days=30),
    )  # fmt: skip
    before = at - timedelta(hours=1)
    question, secret = access.begin_totp(staff_id=colleague_id, at=before)
    access.confirm_totp(
        staff_id=colleague_id, challenge_id=question, code=totp_code(secret, step_of(before)),
        name="App", actor=SYSTEM, at=before,
    )  # fmt: skip
    factors = access_selectors.get_factors(staff_id=colleague_id)
    own = access.make_role(
        name="greeter", permissions=["members.read"], scopes=["all"], actor=SYSTEM, at=at
    )
    retained = console.run_retention(origin="console", actor=SYSTEM, at=at)
    return {
        "retention": retained.id,
        "role": own.name,
        "key": key.key.name,
        "factor": factors.held[0].public_id,
        "entry": first("SELECT max(id) FROM access_audit_entry"),
    }
