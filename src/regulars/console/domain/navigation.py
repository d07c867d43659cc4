"""The sidebar: which pages there are, in which groups, and which entry stands for an address.

Only names stand here. Who may open a page is asked of the page itself when the sidebar is drawn,
so that the sidebar and the page never disagree.
"""

from collections.abc import Callable
from dataclasses import dataclass

from regulars.kit.messages import message


@dataclass(frozen=True, slots=True)
class Entry:
    """One page of the sidebar: its URL name, its title, its drawing.

    `covers` are beginnings of the URL names that count as this entry; the longest match wins.
    """

    name: str
    title: str
    icon: str
    covers: tuple[str, ...] = ()

    def match(self, url_name: str) -> int:
        """Answer how well this entry stands for a URL name: the length that matches, or 0."""
        if url_name == self.name:
            return len(url_name) + 1
        return max((len(each) for each in self.covers if url_name.startswith(each)), default=0)


@dataclass(frozen=True, slots=True)
class Group:
    """Pages that belong together, under one title; a group without a title is one plain entry."""

    code: str
    title: str
    icon: str
    entries: tuple[Entry, ...]


@dataclass(frozen=True, slots=True)
class Crumb:
    """One step of the way to a page; the last one, the page itself, leads nowhere."""

    title: str
    href: str = ""


NAVIGATION: tuple[Group, ...] = (
    Group("home", "", "", (Entry("console-home", message("Home"), "house", ("root",)),)),
    Group(
        "members",
        message("Members"),
        "users",
        (
            Entry(
                "console-members",
                message("Member list"),
                "users",
                ("console-member", "console-search", "console-reveal"),
            ),
            Entry(
                "console-suggestions",
                message("Merge suggestions"),
                "git-merge",
                ("console-suggestion", "console-merge"),
            ),
            Entry("console-privacy", message("Privacy desk"), "shield-check", ("console-privacy",)),
        ),
    ),
    Group(
        "trade",
        message("Trade"),
        "shopping-bag",
        (
            Entry("console-orders", message("Orders"), "receipt", ("console-order",)),
            Entry("console-products", message("Products"), "package", ("console-product",)),
            Entry("console-stores", message("Stores"), "store", ("console-store",)),
        ),
    ),
    Group(
        "points",
        message("Points"),
        "coins",
        (
            Entry("console-ledger", message("Points statement"), "coins", ("console-ledger",)),
            Entry("console-verify", message("Verify runs"), "badge-check", ("console-verify",)),
        ),
    ),
    Group(
        "data",
        message("Data"),
        "database",
        (
            Entry("console-imports", message("Imports"), "upload", ("console-import",)),
            Entry("console-sources", message("Sources"), "plug", ("console-source",)),
            Entry(
                "console-dead-letters", message("Rejected rows"), "mail-x", ("console-dead-letter",)
            ),
            Entry("console-events", message("Events"), "activity", ("console-event",)),
        ),
    ),
    Group(
        "work",
        message("Work"),
        "inbox",
        (
            Entry("console-approvals", message("Approvals"), "stamp", ("console-approval",)),
            Entry("console-jobs", message("Jobs"), "list-checks", ("console-job",)),
            Entry("console-exports", message("Exports"), "download", ("console-export",)),
        ),
    ),
    Group(
        "administration",
        message("Administration"),
        "settings",
        (
            Entry("console-staff", message("Staff"), "user-cog", ("console-staff",)),
            Entry("console-roles", message("Roles"), "shield", ("console-role",)),
            Entry("console-keys", message("API keys"), "key-round", ("console-key",)),
            Entry("console-fields", message("Profile fields"), "fingerprint", ("console-field",)),
            Entry("console-retention", message("Retention"), "eraser", ("console-retention",)),
            Entry("console-audit", message("Audit log"), "scroll-text", ("console-audit",)),
            Entry("console-settings", message("Settings"), "settings", ("console-setting",)),
            Entry("console-style", message("Style page"), "palette", ("console-style",)),
        ),
    ),
)


def entry_of(url_name: str) -> str:
    """Answer the name of the entry that stands for a URL name, or nothing where none does."""
    entries = [entry for group in NAVIGATION for entry in group.entries]
    best = max(entries, key=lambda entry: entry.match(url_name))
    return best.name if best.match(url_name) else ""


def find_entries(text: str, *, say: Callable[[str], str]) -> list[Entry]:
    """Answer the pages whose title holds the text, in the reader's words or in English."""
    wanted = text.strip().casefold()
    if not wanted:
        return []
    return [
        entry
        for group in NAVIGATION
        for entry in group.entries
        if wanted in say(entry.title).casefold() or wanted in entry.title.casefold()
    ]
