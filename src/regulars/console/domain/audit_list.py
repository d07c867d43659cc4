"""The audit log as a list: its columns and filters, for the page and for the file."""

from regulars.console.domain.auditing import RESULTS
from regulars.console.domain.lists import Choice, Column, Filter, ListSpec
from regulars.kit.messages import message

AUDIT = ListSpec(
    name="audit",
    url_name="console-audit",
    title=message("Audit log"),
    purpose=message("Who did what, when, to what. Entries are never changed; a chain proves it."),
    columns=(
        Column("at", message("When")),
        Column("who", message("Who")),
        Column("action", message("Act")),
        Column("result", message("Result")),
        Column("object", message("To what")),
        Column("reason", message("Reason")),
        Column("network", message("Network"), hidden=True),
        Column("code", message("Action code"), hidden=True),
    ),
    filters=(
        Filter("at", message("When"), kind="days"),
        Filter("actor", message("Who")),
        Filter("action", message("Act")),
        Filter(
            "result",
            message("Result"),
            choices=tuple(Choice(code, title) for code, (_, title) in RESULTS.items()),
        ),
        Filter(
            "object",
            message("To what"),
            kind="text",
            help=message("The kind and id of an object, such as member:… or key:…"),
        ),
    ),
    sort="-at",
    export="audit",
    is_personal=True,
)
