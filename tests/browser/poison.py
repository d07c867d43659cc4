"""Fill a house whose every name is a payload: people, stores, products, files, sources, keys, views."""

import json
import sys
from datetime import timedelta
from typing import Any
from uuid import uuid4

from regulars.access import selectors as access_selectors
from regulars.access import services as access
from regulars.access.domain import Actor, StoreRow
from regulars.commerce import services as commerce
from regulars.commerce.domain import ProductInput
from regulars.console import services as console
from regulars.ingest import services as ingest
from regulars.ingest.domain import SourceKind
from regulars.ingest.domain.files import FileKind
from regulars.kit.errors import Refusal
from regulars.ledger import services as ledger
from regulars.members import selectors as members
from regulars.members import services as member_services
from regulars.members.domain import Identity, IdentityKind, Sighting
from regulars.web import clock, sql
from tests.browser.conftest import EMAIL, PASSWORD
from tests.console.test_member_xss import PAYLOADS

HOUSE = Actor.system()
VIEWS = 28  # as many as one person may keep, less room
VIEW_NAME_MAX = 40
REFUSED: dict[str, int] = {}


def poison() -> None:
    """Put every payload wherever it is taken, and print where the things are, as JSON."""
    at = clock.now()
    access.create_staff(
        email=EMAIL, name=PAYLOADS[0], role="owner", password=PASSWORD, actor=HOUSE, at=at
    )
    owner = access_selectors.find_staff(email=EMAIL)
    assert owner is not None
    actor = access.find_actor(staff_id=owner.id, at=at)
    assert actor is not None
    stores = [StoreRow(row=n, code=f"S{n:03}", name=text) for n, text in enumerate(PAYLOADS)]
    access.record_stores(stores, at=at)
    products = [ProductInput(sku=f"P{n:03}", name=text) for n, text in enumerate(PAYLOADS)]
    commerce.record_products(products=products, currency="CNY", at=at)
    found = member_services.resolve_identities(
        [
            Sighting(
                row=n,
                identities=(Identity(IdentityKind.EMAIL, f"x{n}@example.com"),),
                occurred_at=at,
                profile={"nickname": text, "city": text},
                updates_profile=True,
            )
            for n, text in enumerate(PAYLOADS)
        ],
        at=at,
    )
    ids = [each.member_id for each in found if each.member_id is not None]
    for member_id, text in zip(ids, PAYLOADS, strict=True):
        _try("name", member_services.update_profile, member_id=member_id, values={"name": text},
             at=at, actor=HOUSE)  # fmt: skip
        ledger.correct_points(
            transfer_id=uuid4(), member_id=member_id, amount=5, reason_code=109, actor=actor,
            at=at, note=text,
        )  # fmt: skip
    keys = []
    for n, text in enumerate(PAYLOADS):
        _try("source", ingest.create_source, name=text, kind=SourceKind.WEBHOOK, actor=HOUSE, at=at)
        made = _try("key", access.create_key, permissions=["points.read"], title=text, actor=HOUSE,
                    at=at, expires_at=at + timedelta(days=9))  # fmt: skip
        keys += [made.key.name] if made else []
        _try("file", ingest.receive_upload, name=f"{text}.csv", pieces=["手机号\n1".encode()],
             kind=FileKind.MEMBERS, actor=actor, at=at)  # fmt: skip
        if n < VIEWS:
            _try("view", console.save_view, actor=actor, name="orders", title=text[:VIEW_NAME_MAX],
                 query="size=50", is_shared=True, at=at)  # fmt: skip
    public = members.public_ids(member_ids=ids)
    things = {
        "member": [str(public[each]) for each in ids],
        "store": _all("SELECT public_id FROM access_store WHERE code LIKE 'S%%'"),
        "product": _all("SELECT public_id FROM commerce_product"),
        "source": _all("SELECT public_id FROM ingest_source"),
        "upload": _all("SELECT public_id FROM ingest_upload"),
        "entry": _all("SELECT id FROM access_audit_entry WHERE action = 'points.adjust'"),
        "key": keys,
        "refused": REFUSED,
    }
    sys.stdout.write(json.dumps(things))


def _try(what: str, service: Any, **said: Any) -> Any:
    """Say it; a name that is refused outright is counted, for it cannot do harm."""
    try:
        return service(**said)
    except Refusal:
        REFUSED[what] = REFUSED.get(what, 0) + 1
        return None


def _all(query: str) -> list[str]:
    return [str(row[0]) for row in sql.rows(query, [])]
