"""The short how-to of each page, and the words of the trade in one sentence each."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from regulars.kit.messages import message


@dataclass(frozen=True, slots=True)
class Help:
    """What a page is for in a few steps, and the words it uses."""

    steps: tuple[str, ...]
    terms: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Term:
    """A word of the trade and what it means."""

    title: str
    meaning: str


TERMS: Mapping[str, Term] = MappingProxyType(
    {
        "points": Term(
            message("Points"),
            message("What members earn and redeem. They stand in lots and can expire."),
        ),
        "lot": Term(
            message("Lot"), message("Points earned together, with one day on which they expire.")
        ),
        "pending": Term(
            message("Pending points"),
            message("Earned, but not usable before the return period is over."),
        ),
        "growth": Term(
            message("Growth value"),
            message("Counts purchases towards a tier. It is never spent."),
        ),
        "tier": Term(
            message("Tier"), message("A member's level, reached by growth value, with benefits.")
        ),
        "net": Term(
            message("Net sales"),
            message("Goods paid less goods refunded, without shipping and points."),
        ),
        "merge": Term(
            message("Merge"),
            message("Two records of one person become one. It can be taken back."),
        ),
        "rejected": Term(
            message("Rejected row"),
            message("A row that could not be applied. It is kept until somebody decides."),
        ),
        "scope": Term(message("Scope"), message("The stores or members that a role reaches.")),
        "four_eyes": Term(
            message("Approval"),
            message("A second person agrees before something large is done."),
        ),
    }
)

HELP: Mapping[str, Help] = MappingProxyType(
    {
        "console-home": Help(
            (
                message("Choose a period and what to compare it with."),
                message("Open a figure to see the rows behind it."),
                message("Work off what waits for you; the list empties itself."),
            ),
            ("net", "points", "pending"),
        ),
        "console-members": Help(
            (
                message("Find one person by phone, card or full name in the search."),
                message("Narrow the list with filters; save them as a view."),
                message("Tick rows to act on many at once."),
            ),
            ("points", "tier", "growth"),
        ),
        "console-suggestions": Help(
            (
                message("Each line is two records that may be one person."),
                message("Open it, compare, then merge or turn it down."),
            ),
            ("merge",),
        ),
        "console-privacy": Help(
            (
                message("Check who the person is before anything is handed out or erased."),
                message("Answer before the due date; the letter is written for you."),
            ),
        ),
        "console-orders": Help(
            (
                message("Open an order to see its lines, refunds and what it earned."),
                message("Find one by its number in the filter."),
            ),
            ("net", "points"),
        ),
        "console-products": Help((message("Products come with orders or from a file."),)),
        "console-stores": Help(
            (message("Stores decide which members and orders their staff see."),), ("scope",)
        ),
        "console-ledger": Help(
            (
                message("Every movement of points stands here once and is never changed."),
                message("Open a line to see the order or act behind it."),
            ),
            ("points", "lot", "pending"),
        ),
        "console-verify": Help(
            (message("A run counts every balance again from its entries and names differences."),),
        ),
        "console-imports": Help(
            (
                message("Upload a file, map its columns, try it, then run it."),
                message("A finished import can be undone as a whole."),
            ),
            ("rejected",),
        ),
        "console-sources": Help(
            (message("A source is a shop or till that sends data. Its secret is shown once."),),
        ),
        "console-dead-letters": Help(
            (
                message("Read why a row was rejected, mend the cause, then replay it."),
                message("Many rows of one cause are replayed at once."),
            ),
            ("rejected",),
        ),
        "console-events": Help(
            (message("Everything that happened, in order. Nothing personal stands in it."),),
        ),
        "console-approvals": Help(
            (message("Look at what will happen, then agree or decline. Not for your own asks."),),
            ("four_eyes",),
        ),
        "console-jobs": Help((message("Long work runs here; you may leave the page."),)),
        "console-exports": Help(
            (message("Files are masked unless you may see more, and are gone after a day."),),
            ("four_eyes",),
        ),
        "console-staff": Help(
            (message("Give a person a role and say where it holds."),), ("scope",)
        ),
        "console-roles": Help(
            (message("A role says what somebody may do; a scope says where."),), ("scope",)
        ),
        "console-keys": Help(
            (message("A key lets a system in. Its secret is shown once, and it ends."),),
            ("scope",),
        ),
        "console-fields": Help(
            (message("Each field of a profile has a class, a purpose and a time it is kept."),),
        ),
        "console-audit": Help(
            (message("Who did what, when and why. Entries are chained and cannot be changed."),),
        ),
        "console-retention": Help(
            (
                message("Each line says how long a kind of data stays and what ends tonight."),
                message("Data of a person with an open request or proposal is held back."),
                message(
                    "Change how long it stays in the settings; the night, or you, end the rest."
                ),
            ),
        ),
        "console-settings": Help((message("Every change makes a new version and is logged."),)),
    }
)

KEYS: tuple[tuple[str, str], ...] = (
    ("/", message("Search")),
    ("Ctrl K", message("Search")),
    ("j k", message("Next and previous row")),
    ("Enter", message("Open the row")),
    ("x", message("Tick the row")),
    ("Esc", message("Close what is open")),
    ("?", message("This help")),
)
