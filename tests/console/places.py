"""Every page of the console, and how it is opened with the things of `tests.console.things`.

The matrix of access and the browser walk are both made from this table: a page without an entry
fails. Things belong to store S01 and to a colleague, so that whoever sees only S02, and whoever is
not that colleague, must not find them.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from django.urls import reverse


@dataclass(frozen=True)
class Place:
    """How a page is opened, and what of it must not be seen by the wrong people.

    `scoped`: the thing lies in store S01 and is not found from S02. `owned`: it belongs to a
    colleague and is not found by others. `whole`: the page is about the whole house, and refused to
    whoever may do it in some stores only. `hides`: a list shows the thing of this key to those who
    may see S01 only. `lacks`: what the right person is answered who has nothing of the kind.
    `walk`: the browser looks at it.
    """

    args: tuple[str, ...] = ()
    query: Mapping[str, str] = field(default_factory=dict)
    post: bool = False
    data: Mapping[str, str] = field(default_factory=dict)
    scoped: bool = False
    owned: bool = False
    whole: bool = False
    hides: str = ""
    lacks: int = 0
    walk: bool = True

    def href(self, name: str, things: Mapping[str, Any]) -> str:
        """Answer the address with the things filled in."""
        args = [things.get(one, one) for one in self.args]
        query = {key: str(things.get(value, value)) for key, value in self.query.items()}
        return reverse(name, args=args or None, query=query or None)

    def fields(self, things: Mapping[str, Any]) -> dict[str, str]:
        """Answer the fields that are sent, with the things filled in."""
        return {key: str(things.get(value, value)) for key, value in self.data.items()}


def one(*args: str, **more: Any) -> Place:
    return Place(args, scoped=True, **more)


def act(*args: str, **more: Any) -> Place:
    return Place(args, post=True, walk=False, **more)


def own(*args: str, **more: Any) -> Place:
    return Place(args, owned=True, **more)


def house(*args: str, **more: Any) -> Place:
    return Place(args, whole=True, **more)


PLACES: dict[str, Place] = {
    "console-home": Place(),
    "console-home-steps": act(whole=True, data={"act": "hide"}),
    "console-home-chart": Place(lacks=404, walk=False),
    "console-search": act(data={"q": "SO-0001"}),
    "console-style": Place(),
    "console-columns": act(data={"list": "members"}),
    "console-view-new": act(data={"list": "members", "name": "x", "query": "size=50"}),
    "console-view-default": act(data={"list": "members"}),
    "console-view": act("view", owned=True, data={"act": "rename", "name": "y"}),
    # members
    "console-members": Place(hides="member"),
    "console-member": one("member"),
    "console-member-tab": one("member", "points"),
    "console-reveal": act("member", scoped=True, data={"reason": "member_request"}),
    "console-member-adjust": one("member"),
    "console-member-consent": one("member"),
    "console-member-copy": one("member"),
    "console-member-erase": one("member"),
    "console-member-freeze": one("member"),
    "console-member-home": one("member"),
    "console-member-link": one("member"),
    "console-member-merge": one("member"),
    "console-member-profile": one("member"),
    "console-member-tag": one("member"),
    "console-member-untag": one("member"),
    "console-merge": one("member", "other"),
    # privacy desk: given for the whole house only
    "console-privacy": Place(hides="request"),
    "console-privacy-new": Place(),
    "console-privacy-request": one("request"),
    "console-privacy-note": act("request", scoped=True, data={"reason": "member_request"}),
    "console-privacy-check": act("request", scoped=True, data={"how": "document"}),
    "console-privacy-take": act("request", scoped=True),
    "console-privacy-package": act("request", scoped=True),
    "console-privacy-copy": one("request", walk=False),
    "console-privacy-letter": one("request", "en", walk=False),
    "console-privacy-close": act("request", scoped=True, data={"how": "cancel"}),
    "console-fields": Place(),
    # trade
    "console-orders": Place(hides="order"),
    "console-order": one("order"),
    "console-products": Place(),
    "console-product": Place(("product",)),
    "console-stores": Place(hides="store"),
    "console-store": one("store"),
    "console-store-change": one("store"),
    # points
    "console-ledger": Place(hides="member"),
    "console-ledger-movement": one("movement"),
    "console-verify": Place(),
    "console-verify-now": act(),
    "console-verify-run": Place(("run",)),
    # work
    "console-exports": Place(),
    "console-export-new": Place(query={"what": "members"}),
    "console-export-file": own("export", walk=False),
    "console-jobs": Place(),
    "console-job": own("export"),
    "console-job-stop": act("export", owned=True),
    "console-notifications": Place(),
    "console-notifications-seen": act(),
    "console-approvals": Place(hides="approval"),
    "console-approval": one("approval"),
    "console-approval-decide": act("approval", scoped=True, data={"verdict": "decline"}),
    "console-approval-withdraw": act("approval", scoped=True, lacks=403),
    # data: what comes in concerns the whole house; a file belongs to whoever brought it
    "console-imports": house(),
    "console-import": house("batch"),
    "console-import-new": house(),
    "console-import-template": Place(("members",), walk=False),
    "console-import-errors": house("batch", walk=False),
    "console-import-undo": house("batch"),
    "console-import-resume": act("batch", whole=True),
    "console-import-map": act("upload", owned=True, data={"go": "keep"}),
    "console-import-run": own("upload", walk=False),
    "console-import-stop": act("upload", owned=True),
    "console-import-drop": act("upload", owned=True),
    "console-sources": house(),
    "console-source-new": house(),
    "console-source": house("source"),
    "console-source-deliveries": house("source"),
    "console-source-rotate": house("source"),
    "console-dead-letters": house(),
    "console-dead-letter": house("letter"),
    "console-dead-letter-reveal": act("letter", whole=True, data={"reason": "find_fault"}),
    "console-dead-letters-replay": act(whole=True, data={"ids": "letter"}),
    "console-dead-letters-book": act(whole=True, data={"ids": "letter"}),
    "console-dead-letters-drop": act(whole=True, data={"ids": "letter"}),
    "console-dead-letters-report": house("replay", walk=False),
    "console-events": Place(hides="event"),
    "console-events-find": act(data={"q": "13800138000"}),
    "console-event": one("event"),
    # the rest of a member
    "console-member-copy-ready": one("member", "ticket", owned=True, walk=False),
    "console-member-copy-file": one("member", "ticket", "json", owned=True, walk=False),
    "console-member-unfreeze": one("member"),
    "console-member-unlink": one("member"),
    "console-unmerge": one("member", "merge"),
    "console-members-tag": act(data={"ids": "member", "tags": "vip", "step": "preview"}),
    "console-members-untag": act(data={"ids": "member", "tags": "vip", "step": "preview"}),
    "console-suggestions": Place(hides="twin"),
    "console-suggestions-dismiss": act(data={"ids": "suggestion"}),
    "console-suggestions-later": act(data={"ids": "suggestion"}),
    # administration
    "console-staff": house(),
    "console-staff-new": house(),
    "console-staff-member": house("colleague"),
    "console-staff-safety": house("colleague"),
    "console-staff-activate": house("colleague"),
    "console-staff-deactivate": house("colleague"),
    "console-staff-grant": house("colleague"),
    "console-staff-link": house("colleague"),
    "console-staff-revoke": house("colleague", query={"role": "owner", "scope": "all"}),
    "console-staff-sessions": house("colleague"),
    "console-staff-factors-reset": house("colleague"),
    "console-staff-view-as": act("colleague", whole=True),
    "console-roles": house(),
    "console-role-new": house(),
    "console-role-retire": house(query={"role": "role"}),
    "console-keys": house(),
    "console-key-new": house(),
    "console-key": house("key"),
    "console-key-collect": house("key", owned=True, walk=False),
    "console-key-rotate": house("key"),
    "console-key-revoke": house("key"),
    "console-retention": house(),
    "console-retention-now": house(),
    "console-retention-run": house("retention"),
    "console-audit": house(),
    "console-audit-entry": house("entry"),
    "console-audit-note": act("entry", whole=True, data={"reason": "act_check"}),
    "console-audit-check": act(whole=True),
    "console-settings": house(),
    "console-settings-policy": house(),
    "console-settings-programme": house(),
    # one's own
    "console-account": Place(),
    "console-account-profile": act(data={"name": "陈晨", "language": "en"}),
    "console-account-password": Place(),
    "console-account-sessions-end": act(),
    "console-account-totp": Place(),
    "console-account-passkey": Place(),
    "console-account-passkey-name": act("factor", owned=True, data={"name": "x"}),
    "console-account-factor-remove": own("factor"),
    "console-account-recovery-codes": act(lacks=404),
}
