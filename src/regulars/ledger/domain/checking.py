"""What a check is: a question to the whole database whose right answer is "no rows"."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Check:
    """A named invariant as queries, run in one snapshot with all the others.

    `bad` selects one text column: the ids of what is wrong. `scanned` counts what was looked at.
    `narrow`, where given, is `bad` for some accounts or members only, named in it as
    `%(accounts)s::bigint[]` and `%(members)s::bigint[]`; a check without it runs in full runs.
    Neither query takes other parameters, and a literal per cent sign is written `%%` in `narrow`.
    `bad` is empty where a sweep answers for the check in full runs.
    """

    name: str
    says: str
    scanned: str
    bad: str
    narrow: str | None = None


@dataclass(frozen=True, slots=True)
class Sweep:
    """One pass over large tables that answers for several checks at once.

    `query` selects two text columns: the name of a check, and the id of what breaks it.
    """

    names: tuple[str, ...]
    query: str
