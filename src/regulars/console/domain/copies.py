"""A copy of a member's data: the ticket by which it is fetched, and its forms."""

from dataclasses import dataclass
from datetime import datetime

from regulars.kit.errors import Kind, Refusal
from regulars.kit.messages import message

FORMS = {"json": "application/json", "csv": "text/csv; charset=utf-8"}


class CopyExpired(Refusal):
    """The ticket for a copy is over, altered, or somebody else's."""

    kind = Kind.NOT_FOUND
    reason = message("This download is over. Ask for the copy again.")


@dataclass(frozen=True, slots=True)
class Ticket:
    """The right to fetch one copy: of whom, why, until when."""

    public_id: str
    reason_code: str
    ends_at: datetime
