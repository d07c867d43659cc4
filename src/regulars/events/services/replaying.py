"""Run a buried event through its consumer again."""

from datetime import datetime

import structlog
from django.db import transaction

from regulars.events import selectors
from regulars.events.services.append import catalogue
from regulars.events.services.bury import settle
from regulars.kit.errors import Refusal

log = structlog.get_logger(__name__)


def replay_event(*, letter_id: int, at: datetime) -> str | None:
    """Tell the consumer of a dead letter its event again; answers None once it is settled.

    Otherwise the code of what still stands in the way; the letter stays open. Raises
    DeadLetterMissing.
    """
    letter = selectors.get_dead_letter(letter_id=letter_id)
    following = {each.name: each for each in catalogue().deferred}
    consumer = following.get(letter.consumer)
    if consumer is None or letter.event_id is None or letter.state != "open":
        return "ingest.letter_not_replayable"
    event = selectors.get_event(event_id=letter.event_id)
    try:
        with transaction.atomic():
            if not settle(ids=[letter_id], state="replayed", at=at):
                return "ingest.letter_not_replayable"  # somebody else is settling it just now
            consumer.react([event], at=at)
    except Refusal as no:
        return no.code
    except Exception as error:  # noqa: BLE001 an entrance: what broke is told, and stays buried
        log.warning("replay_broke", consumer=letter.consumer, error=type(error).__name__)
        return f"bug.{type(error).__name__}"
    return None
