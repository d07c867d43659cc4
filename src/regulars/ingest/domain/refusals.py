"""The noes of ingest, for whole bodies and for single rows. None repeats what was sent."""

from regulars.kit.errors import Kind, Refusal
from regulars.kit.messages import message


class BodyTooLarge(Refusal):
    """The body is longer than is read."""

    kind = Kind.INVALID
    reason = message("The body is larger than {bytes_max} bytes.")


class BodyUnreadable(Refusal):
    """The body is not JSON of a sane shape."""

    kind = Kind.INVALID
    reason = message("The body cannot be read: {problem}.")


class BodyMalformed(Refusal):
    """The body is JSON and not a batch."""

    kind = Kind.INVALID
    reason = message("The body is not a batch of rows: {problem} at {field}.")


class TooManyRows(Refusal):
    """A batch has at most so many rows."""

    kind = Kind.INVALID
    reason = message("A batch has at most {rows_max} rows, not {rows}.")


class RowMalformed(Refusal):
    """A row is not of its form; the field is named, never the value."""

    kind = Kind.INVALID
    reason = message("{field} is malformed: {problem}.")


class RowOutOfScope(Refusal):
    """The caller may not write for this store."""

    kind = Kind.NOT_FOUND
    reason = message("There is no such store for this caller.")


class MemberUnknown(Refusal):
    """The row names a member id that is nobody's, or nobody at all."""

    kind = Kind.NOT_FOUND
    reason = message("There is no such member.")


class NoIdentity(Refusal):
    """A member row needs at least one name that can be recognised again."""

    kind = Kind.INVALID
    reason = message("The row names nobody: it has no usable phone, card, e-mail or outside id.")


class MemberBlocked(Refusal):
    """The person was erased and has not consented anew."""

    kind = Kind.CONFLICT
    reason = message("This person was erased and comes back only with a new consent.")


class MessageConflict(Refusal):
    """A message id has already stood for another body."""

    kind = Kind.CONFLICT
    reason = message("This message id was used for another message.")


class EventNotOutside(Refusal):
    """Outside systems may not say this type of event."""

    kind = Kind.INVALID
    reason = message("Events of this type cannot be sent.")


class PersonalData(Refusal):
    """Events hold no personal data."""

    kind = Kind.INVALID
    reason = message("{field} looks like personal data, which events do not hold.")


class SignatureInvalid(Refusal):
    """No live secret of the source made this signature over these bytes."""

    kind = Kind.DENIED
    reason = message("The signature is missing or wrong.")


class SignatureStale(Refusal):
    """The delivery is dated too far from now."""

    kind = Kind.DENIED
    reason = message("The delivery is dated more than {seconds_max} seconds from now.")


class LetterSettled(Refusal):
    """Somebody was faster."""

    kind = Kind.CONFLICT
    reason = message("This rejected row is settled already.")


class DeliveryGone(Refusal):
    """What was kept is gone: its retention is over, or somebody in it was erased."""

    kind = Kind.NOT_FOUND
    reason = message("What it held is gone: its retention is over, or its member was erased.")


class LetterNotReplayable(Refusal):
    """Only rows and webhook bodies that are still open can be replayed here."""

    kind = Kind.CONFLICT
    reason = message("This rejected row cannot be replayed.")


class NotAReturn(Refusal):
    """Only a refund can be booked as a return without its order."""

    kind = Kind.CONFLICT
    reason = message("Only refunds whose order never came can be booked as returns.")


class Busy(Refusal):
    """The database was too contended to finish the batch."""

    kind = Kind.TRY_LATER
    reason = message("Too many writers meet at the same rows. Try again.")
