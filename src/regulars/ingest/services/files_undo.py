"""Take an import back as one: by counter-entries, never by forgetting.

Orders go first, so that points follow them; then the log hears that the import was undone, and
ledger and loyalty take back what it declared; then the members leave whom only this import made
and who have neither bought anything nor had points from elsewhere since.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Final

from django.db import transaction

from regulars.access.domain import Actor
from regulars.commerce import selectors as commerce
from regulars.events import selectors as log
from regulars.ingest import selectors
from regulars.ingest.domain import BALANCE_DECLARED
from regulars.ingest.domain.batches import (
    REVERTIBLE,
    Batch,
    BatchNotRevertible,
    BatchState,
    ImportReport,
)
from regulars.ingest.services import files_store as store
from regulars.ingest.services.files import IMPORTER, audit_import, report_on, silent
from regulars.ingest.services.files_errors import drop_errors_of
from regulars.ingest.services.files_reading import Tick
from regulars.ingest.services.reverting import append_reverted, revert_chunk
from regulars.members import selectors as people
from regulars.members import services as members
from regulars.web import clock, contention, sql

LEAVING_TIMEOUT = "10min"  # all members an import made leave in one transaction
MONEY: Final = (
    BALANCE_DECLARED, "points.earned", "points.spent", "points.adjusted", "points.given",
)  # fmt: skip


def undo_import(*, batch: str, tick: Tick = silent, actor: Actor = IMPORTER) -> ImportReport:
    """Take back what only this import did; what others have changed since stays.

    Stopped midway it goes on when said again. Raises BatchMissing, BatchBusy, BatchNotRevertible.
    """
    found = selectors.find_batch(public_id=batch)
    if found.state not in REVERTIBLE:
        raise BatchNotRevertible(state=found.state.value)
    with store.held(found.id):
        with transaction.atomic():
            store.set_state(batch_id=found.id, state=BatchState.REVERTING, at=clock.now())
            store.drop_chunks(batch_id=found.id)
        _take_back(found, tick=tick, actor=actor)
    drop_errors_of(batch_id=found.id)
    return report_on(store.get_batch(batch_id=found.id))


@dataclass(frozen=True, slots=True)
class Made:
    """What an import has brought and undoing it would touch."""

    members: int
    orders: int
    orders_changed: int


def count_made(*, batch_id: int) -> Made:
    """Count what undoing an import would touch, for whoever is asked to confirm it."""
    orders, changed = commerce.count_of_batch(batch_id=batch_id)
    return Made(len(people.made_by_batch(batch_id=batch_id)), orders, changed)


def _take_back(batch: Batch, *, tick: Tick, actor: Actor) -> None:
    removed = 0
    while True:
        done = revert_chunk(batch_id=batch.id, at=clock.now())
        removed += done.removed + done.restored
        tick("undo", removed, batch.things)
        if not done.more:
            break
    contention.retried(partial(_leave, batch, actor))


def _leave(batch: Batch, actor: Actor) -> None:
    """Take the last step of an undo: what other apps and the members keep of the import."""
    sql.run("SELECT set_config('statement_timeout', %s::text, true)", [LEAVING_TIMEOUT])
    at = clock.now()
    append_reverted(batch_id=batch.id, kind=batch.kind.value, at=at)
    made = people.made_by_batch(batch_id=batch.id)
    keep = _kept(made, batch) if made else set()
    members.withdraw_members(batch_id=batch.id, at=at, keep=keep)
    store.set_state(batch_id=batch.id, state=BatchState.REVERTED, at=at)
    audit_import(batch, "import.undone", at=at, actor=actor)


def _kept(made: Sequence[int], batch: Batch) -> set[int]:
    """Answer who has orders by now, or money that this import did not bring."""
    money = log.batches_of(member_ids=made, types=MONEY)
    brought = {each for some in money.values() for each in some if each is not None}
    gone = {batch.id, *store.list_reverted(batch_ids=brought)}
    given = log.members_named(member_ids=made, kind="points.given", fact="recipient_id")
    return (
        given
        | commerce.buyers_among(member_ids=made)
        | {member_id for member_id, batches in money.items() if batches - gone}
    )
