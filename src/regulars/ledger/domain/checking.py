"""What a check is: a question to the whole database whose right answer is "no rows"."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Check:
    """A named invariant as queries, run in one snapshot with all the others.

    `bad` selects one text column: the ids of what is wrong. `scanned` counts what was looked at.
    `narrow`, where given, is `bad` for some accounts or members only, named in it as
    `%(accounts)s::bigint[]` and `%(members)s::bigint[]`; a check without it runs in full runs.
    Neither query takes other parameters, and a literal per cent sign is written `%%` in `narrow`.
    """

    name: str
    says: str
    scanned: str
    bad: str
    narrow: str | None = None
