"""Who may do what: the names of all permissions, and the mark every endpoint must carry.

The check itself is supplied from above (`access`), joined in `wiring`; here stand only the
names, the decorator and the refusals. A test walks every endpoint and fails on a missing mark.
"""

from collections.abc import Callable
from functools import wraps
from typing import Any, Concatenate, ParamSpec, Protocol, TypeVar, cast

from django.http import HttpRequest

from regulars.kit.errors import Kind, Refusal
from regulars.kit.messages import message

PUBLIC = "public"

PERMISSIONS: dict[str, str] = {
    "members.read": message("See members, masked"),
    "members.lookup": message("Find a member by exact phone, card or code"),
    "members.write": message("Enrol and change members"),
    "members.reveal": message("See unmasked personal data, logged"),
    "members.merge": message("Merge and unmerge members"),
    "members.export": message("Export a member's data"),
    "members.erase": message("Erase a member"),
    "tags.write": message("Tag members"),
    "consents.write": message("Record consent"),
    "orders.read": message("See orders"),
    "orders.write": message("Send orders and refunds"),
    "catalogue.write": message("Send products"),
    "stores.read": message("See stores"),
    "stores.write": message("Send stores"),
    "events.write": message("Send events"),
    "imports.run": message("Import files"),
    "points.read": message("See points"),
    "verify.run": message("Check the whole ledger when asked"),
    "points.earn": message("Grant points"),
    "points.spend": message("Spend and hold points"),
    "points.adjust": message("Adjust points with a reason"),
    "points.reverse": message("Reverse a points movement"),
    "tiers.read": message("See tiers"),
    "timeline.read": message("See a member's timeline"),
    "sources.manage": message("Manage sources and their secrets"),
    "dead_letters.read": message("See rejected rows"),
    "dead_letters.replay": message("Replay rejected rows"),
    "approvals.read": message("See what waits for a second person"),
    "approvals.decide": message("Decide about what others propose"),
    "staff.manage": message("Manage staff and roles"),
    "roles.assign": message("Give roles that one does not hold"),
    "keys.manage": message("Manage API keys"),
    "audit.read": message("Read the audit log"),
    "settings.manage": message("Change settings and limits"),
    "operations.read": message("See health and metrics"),
    "privacy.manage": message("Work on privacy requests"),
    "exports.make": message("Take lists out as files, masked and logged"),
    "jobs.read": message("See and stop everybody's jobs"),
    "fields.read": message("See which personal data is held, and what for"),
    "retention.run": message("End what is over its limit when asked"),
    "console.use": message("Sign in to the console"),
}


class SignInNeeded(Refusal):
    """Nobody is known to be calling."""

    kind = Kind.DENIED
    reason = message("Sign in, or send a valid API key.")


class PermissionMissing(Refusal):
    """The caller is known, and may not do this."""

    kind = Kind.DENIED
    reason = message("This needs the permission {permission}.")


class Caller(Protocol):
    """What the plumbing needs to know of an actor."""

    @property
    def caller(self) -> str:
        """Name the actor for keys and counters: `key:12`, `staff:3`."""

    @property
    def is_read_only(self) -> bool:
        """Tell whether the actor may look and nothing else, whatever the permissions say."""

    def may(self, permission: str) -> bool:
        """Tell whether the actor holds the permission."""

    def narrowed_to(self, permission: str) -> "Caller":
        """Answer the actor with the scope of the grants that carry this permission."""


class ActorRequest(HttpRequest):
    """A request whose caller has been asked for; `actor` is None when nobody is known."""

    actor: Caller | None


P = ParamSpec("P")
R = TypeVar("R")
View = Callable[Concatenate[HttpRequest, P], R]


def requires(permission: str) -> Callable[[View[P, R]], View[P, R]]:
    """Declare the permission of an endpoint and check it before the endpoint runs."""
    if permission not in PERMISSIONS:
        raise ValueError(f"{permission} is not a permission of ours")

    def mark(view: View[P, R]) -> View[P, R]:
        @wraps(view)
        def checked(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> R:
            demand(request, permission)
            return view(request, *args, **kwargs)

        checked.permission = permission  # type: ignore[attr-defined]
        return cast("View[P, R]", checked)

    return mark


def public(view: View[P, R]) -> View[P, R]:
    """Declare an endpoint open to everyone, on purpose."""
    view.permission = PUBLIC  # type: ignore[attr-defined]
    return view


_hears: list[Callable[..., None]] = []


def install_denial_note(note: Callable[..., None]) -> None:
    """Say who is told when somebody tries to change what they may not; `access` audits it."""
    _hears[:] = [note]


def demand(request: HttpRequest, permission: str) -> Caller:
    """Answer the caller, narrowed to the permission; raises SignInNeeded or PermissionMissing."""
    actor = cast("Caller | None", getattr(request, "actor", None))
    if actor is None:
        raise SignInNeeded
    if not actor.may(permission):
        if request.method not in {"GET", "HEAD", "OPTIONS"}:
            for note in _hears:
                note(request, permission=permission)
        raise PermissionMissing(permission=permission)
    narrowed = actor.narrowed_to(permission)
    request.actor = narrowed  # type: ignore[attr-defined]
    return narrowed


def permission_of(view: Any) -> str | None:
    """Read the mark of an endpoint, or None where it carries none."""
    return cast("str | None", getattr(view, "permission", None))
