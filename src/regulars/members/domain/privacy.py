"""What a member may take along, and what stays when they leave."""

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from regulars.kit.errors import Kind, Refusal
from regulars.kit.messages import message
from regulars.kit.sheets import safe_cell


class ReasonMissing(Refusal):
    """Looking at unmasked personal data needs a reason, which is logged."""

    kind = Kind.INVALID
    reason = message("Give a reason code of 1 to 64 plain characters.")


@dataclass(frozen=True, slots=True)
class ExportRow:
    """One personal value in the export of a member."""

    section: str
    name: str
    value: str
    since: datetime | None = None


@dataclass(frozen=True, slots=True)
class SubjectExport:
    """Everything we hold about a member that is theirs: for reading and for taking along."""

    public_id: str
    number: str
    exported_at: datetime
    rows: tuple[ExportRow, ...]

    def as_dict(self) -> dict[str, Any]:
        """Write the export as one JSON object, grouped by section."""
        sections: dict[str, list[dict[str, str | None]]] = {}
        for row in self.rows:
            since = row.since.isoformat() if row.since else None
            sections.setdefault(row.section, []).append(
                {"name": row.name, "value": row.value, "since": since}
            )
        return {
            "id": self.public_id,
            "member_number": self.number,
            "exported_at": self.exported_at.isoformat(),
            "data": sections,
        }

    def as_csv(self) -> str:
        """Write the export as CSV; cells that a spreadsheet would run are quoted."""
        return write_csv(self.rows)


def write_csv(rows: Sequence[ExportRow]) -> str:
    """Write rows as CSV with a header line; formula starts are defused, phones stay readable."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(("section", "name", "value", "since"))
    for row in rows:
        since = row.since.isoformat() if row.since else ""
        writer.writerow((row.section, safe_cell(row.name), safe_cell(row.value), since))
    return out.getvalue()
