"""The noes of the ledger."""

from regulars.kit.errors import Kind, Refusal
from regulars.kit.messages import message


class InsufficientPoints(Refusal):
    """The member holds fewer usable points than the request asks for."""

    kind = Kind.CONFLICT
    reason = message("Asked for {asked} points; {available} are available.")


class AmountOutOfRange(Refusal):
    """An amount is a whole number from one up to a trillion."""

    kind = Kind.INVALID
    reason = message("An amount is a whole number between 1 and {amount_max}.")


class BalanceTooLarge(Refusal):
    """The balance would leave the range the ledger can count in."""

    kind = Kind.CONFLICT
    reason = message("The balance would grow beyond what can be counted.")


class TransferConflict(Refusal):
    """The id already stands for another posting."""

    kind = Kind.CONFLICT
    reason = message("The id {transfer_id} was already used for a different posting.")


class TransferMissing(Refusal):
    """No transfer of this member has this id."""

    kind = Kind.NOT_FOUND
    reason = message("There is no such points movement.")


class TransferNotReversible(Refusal):
    """Only what was earned, granted or spent can be reversed."""

    kind = Kind.CONFLICT
    reason = message("A movement of this kind cannot be reversed.")


class ReversalTooLarge(Refusal):
    """A movement can be reversed once, in whole or in parts that add up to it."""

    kind = Kind.CONFLICT
    reason = message("Asked to reverse {asked}; {left} are left of this movement.")


class ClawbackBlocked(Refusal):
    """The policy asks to take everything back or nothing, and not everything is there."""

    kind = Kind.CONFLICT
    reason = message("{short} points to be taken back are no longer there.")


class AccountFrozen(Refusal):
    """Points of a frozen member stay where they are."""

    kind = Kind.CONFLICT
    reason = message("The points of this member are frozen.")


class AccountClosed(Refusal):
    """The member was erased; nothing is booked any more."""

    kind = Kind.CONFLICT
    reason = message("The points account of this member is closed.")


class GiftToSelf(Refusal):
    """Giver and recipient are one member."""

    kind = Kind.INVALID
    reason = message("Points cannot be given to the same member.")


class HoldMissing(Refusal):
    """No hold of this member has this id."""

    kind = Kind.NOT_FOUND
    reason = message("There is no such hold.")


class HoldExpired(Refusal):
    """The hold ran out; its points are free again."""

    kind = Kind.CONFLICT
    reason = message("The hold ran out at {expired_at}.")


class HoldResolved(Refusal):
    """A hold is committed or voided once."""

    kind = Kind.CONFLICT
    reason = message("The hold is already {state}.")


class HoldTooSmall(Refusal):
    """More was committed than was held."""

    kind = Kind.CONFLICT
    reason = message("Asked to commit {asked}; the hold is over {held}.")


class HoldTooShort(Refusal):
    """A hold ends in the future, and within a month."""

    kind = Kind.INVALID
    reason = message("A hold lasts between 1 second and {days_max} days.")


class MergeRefused(Refusal):
    """These two cannot become one: one is closed, frozen, or already merged elsewhere."""

    kind = Kind.CONFLICT
    reason = message("The points of these members cannot be merged: {why}.")


class PointsBusy(Refusal):
    """Others worked on the same accounts; the same request will do later."""

    kind = Kind.TRY_LATER
    reason = message("These points are being moved by others. Try again.")


class VerifyRunUnknown(Refusal):
    """No run of the checks with this number is on record."""

    kind = Kind.NOT_FOUND
    reason = message("There is no such check of the books.")
