"""Who hears what: the one place that joins the apps at start.

The order of the inline reactions is the order in which they run within a wave: money moves before
tiers are judged, and what is forgotten is forgotten in every app of the same commit.
"""

from regulars.access import services as access
from regulars.access.domain import Executor
from regulars.commerce import reactions as commerce
from regulars.commerce.domain import facts as commerce_facts
from regulars.console import pages as console_pages
from regulars.console import reactions as console
from regulars.console import services as console_services
from regulars.console.selectors import exporting
from regulars.events import services as events
from regulars.events.domain import Catalogue, EventType, Inline, Reaction
from regulars.ingest import reactions as ingest
from regulars.ingest.domain import facts as ingest_facts
from regulars.kit.messages import message
from regulars.ledger import reactions as ledger
from regulars.ledger import services as ledger_services
from regulars.ledger.domain import Check, Finding, Sample
from regulars.ledger.domain import facts as ledger_facts
from regulars.loyalty import reactions as loyalty
from regulars.loyalty import selectors as loyalty_selectors
from regulars.loyalty import services as loyalty_services
from regulars.loyalty.domain import facts as loyalty_facts
from regulars.members import selectors as members
from regulars.members import services as members_services
from regulars.members.domain import INVARIANTS
from regulars.members.domain import facts as members_facts
from regulars.web.idempotency import install_refusal_note
from regulars.web.middleware import install_identification
from regulars.web.permissions import install_denial_note

EVENT_TYPES: tuple[EventType, ...] = (
    *members_facts.EVENT_TYPES,
    *commerce_facts.EVENT_TYPES,
    *ingest_facts.EVENT_TYPES,
    *ledger_facts.EVENT_TYPES,
    *loyalty_facts.EVENT_TYPES,
)

INLINE: tuple[tuple[str, Reaction], ...] = (
    ("member.enrolled member.linked", commerce.when_members_linked),
    ("member.erased", ingest.when_members_erased),
    ("member.erased", commerce.when_members_erased),
    ("member.merged", ledger.when_members_merged),
    ("member.unmerged", ledger.when_members_unmerged),
    ("member.erased", ledger.when_members_erased),
    ("member.frozen", ledger.when_members_frozen),
    ("member.unfrozen", ledger.when_members_unfrozen),
    ("balance.declared", ledger.when_balances_declared),
    ("import.reverted", ledger.when_imports_reverted),
    ("balance.declared", loyalty.when_balances_declared),
    ("import.reverted", loyalty.when_imports_reverted),
    ("member.merged", loyalty.when_members_merged),
    ("member.unmerged", loyalty.when_members_unmerged),
    ("member.erased", loyalty.when_members_erased),
    ("member.erased", console.when_members_erased),
    ("order.recorded", loyalty.when_orders_recorded),
)

APPROVED: dict[str, Executor] = {
    **access.EXECUTORS,
    "points.adjust": ledger_services.ADJUSTMENTS,
    "export": console_services.EXPORTS,
    "member.erase": members_services.ERASURES,
}


def checks() -> tuple[Check, ...]:
    """Answer what the apps add to the ledger's own checks in `regulars verify`."""
    people = (Check(one.name, one.says, one.scanned, one.bad) for one in INVARIANTS)
    return (*loyalty_selectors.CHECKS, *people)


def samples() -> tuple[Sample, ...]:
    """Answer what is too dear to try in full: tiers judged again, sealed values opened."""
    return (
        Sample(
            "tiers",
            message("Tiers, judged again from the whole history, are what is written (sample)."),
            loyalty_services.verify_tiers,
        ),
        Sample(
            "identity_lookups",
            message("Sealed identities open and are found under their own index (sample)."),
            _try_lookups,
        ),
    )


def _try_lookups() -> Finding:
    tried = members.try_lookups()
    return Finding("identity_lookups", tried.scanned, len(tried.bad), tried.bad[:20])


def join() -> None:
    """Install types, reactions, checks, approvals and who says who is calling, at start."""
    events.install(
        Catalogue(
            types={kind.name: kind for kind in EVENT_TYPES},
            inline=tuple(Inline(frozenset(types.split()), react) for types, react in INLINE),
        )
    )
    ledger_services.install_checks(checks=checks(), samples=samples())
    access.approvals.install(APPROVED)
    exporting.install_listings(console_pages.LISTINGS)
    install_refusal_note(access.audit_again)
    install_denial_note(access.note_denial)
    install_identification(access.authenticate)
