"""Staff accounts as values, and what may be wrong with a change to one."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from regulars.access.domain.approvals import STRONG
from regulars.access.domain.scopes import ScopeKind
from regulars.kit.errors import Kind, Refusal
from regulars.kit.messages import message


class EmailTaken(Refusal):
    """Another account has this e-mail address."""

    kind = Kind.CONFLICT
    reason = message("There is already an account with this e-mail address.")


class CodeTaken(Refusal):
    """Another account has this number."""

    kind = Kind.CONFLICT
    reason = message("There is already an account with this number.")


class StaffNotFound(Refusal):
    """No account has this id."""

    kind = Kind.NOT_FOUND
    reason = message("There is no such staff account.")


class LinkForbidden(Refusal):
    """A link would let its maker act as a colleague who is trusted with much."""

    kind = Kind.DENIED
    reason = message(
        "This account was used already and may do strong things. "
        "Make the link on the command line: regulars staff link."
    )


class LastOwner(Refusal):
    """The last owner cannot be switched off, or nobody could let anyone in."""

    kind = Kind.CONFLICT
    reason = message("This is the last owner. Make another owner first.")


@dataclass(frozen=True, slots=True)
class Granted:
    """A role that someone holds, and where."""

    role: str
    scope_kind: ScopeKind
    scope_id: int | None
    scope_code: str | None = None
    expires_at: datetime | None = None

    def is_live(self, at: datetime) -> bool:
        return self.expires_at is None or at < self.expires_at

    @property
    def scope(self) -> str:
        """Write the scope as it is asked for: all, own, store:S01, region:NORTH."""
        code = self.scope_code or self.scope_id
        return self.scope_kind.value if self.scope_id is None else f"{self.scope_kind}:{code}"


@dataclass(frozen=True, slots=True)
class Staff:
    """One person who works here, with the roles they hold."""

    id: int
    public_id: UUID
    email: str
    name: str
    code: str | None
    is_active: bool
    language: str
    created_at: datetime
    signed_in_at: datetime | None
    grants: tuple[Granted, ...] = ()


def check_may_link(staff: Staff, permissions: frozenset[str]) -> None:
    """Refuse a link into an account that its owner uses and that may do something strong."""
    if staff.signed_in_at is not None and permissions & STRONG:
        raise LinkForbidden
