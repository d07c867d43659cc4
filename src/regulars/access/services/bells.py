"""Ring the bells of approvals: those who may decide, and the maker once it is decided."""

from collections.abc import Mapping
from datetime import datetime
from types import MappingProxyType

from django.urls import reverse

from regulars.access.domain import Approval, ApprovalState
from regulars.access.selectors import approvals as selectors
from regulars.access.selectors import policies
from regulars.kit.messages import message
from regulars.web import notices

TOLD_MAX = 20  # enough to find somebody, and no crowd's bell for each correction
WAITS = message("Something waits for your decision")
DECIDED: Mapping[ApprovalState, str] = MappingProxyType(
    {
        ApprovalState.EXECUTED: message("What you proposed was approved and done"),
        ApprovalState.FAILED: message("What you proposed was approved, and could not be done"),
        ApprovalState.REJECTED: message("What you proposed was rejected"),
    }
)


def ring_for_deciders(approval: Approval, *, at: datetime) -> None:
    """Tell those who may decide; where they reach is asked when they look."""
    policy = policies.policy(at)
    found = selectors.list_deciders(kind=approval.kind, size=approval.size, policy=policy, at=at)
    others = [each for each in found if each != approval.maker_person_id][:TOLD_MAX]
    owners = [f"staff:{each}" for each in others]
    notices.tell(owners=owners, words=WAITS, at=at, href=_page_of(approval))


def ring_for_maker(approval: Approval, *, at: datetime) -> None:
    """Tell the maker that it was decided, this way or that."""
    person = approval.maker_person_id
    owners = [f"staff:{person}"] if person is not None else []
    notices.tell(owners=owners, words=DECIDED[approval.state], at=at, href=_page_of(approval))


def _page_of(approval: Approval) -> str:
    return reverse("console-approval", args=[approval.public_id])
