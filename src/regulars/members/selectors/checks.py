"""Try a sample of sealed values: each opens, and is found under its own index."""

from dataclasses import dataclass

from regulars.members.domain import IdentityKind, index_column
from regulars.members.selectors.identities import open_identity
from regulars.web import crypto, sql


@dataclass(frozen=True, slots=True)
class Tried:
    """How many identities were tried, and the ids of those that are wrong."""

    scanned: int
    bad: tuple[str, ...]


def try_lookups(*, sample: int = 1_000) -> Tried:
    """Open a random sample of identities and index them again; answers which do not agree."""
    found = sql.rows(
        "SELECT i.id, i.kind, i.issuer, k.wrapped, i.lookup, i.sealed, i.subject_id FROM"
        " (SELECT * FROM members_identity ORDER BY random() LIMIT %s::int) i"
        " JOIN members_subjectkey k ON k.member_id = i.subject_id",
        [sample],
    )
    return Tried(len(found), tuple(str(row[0]) for row in found if not _agrees(*row[1:])))


def _agrees(
    kind: str, issuer: str, wrapped: bytes, lookup: bytes, sealed: bytes, subject_id: int
) -> bool:
    try:
        value = open_identity((lookup, sealed, subject_id), key=bytes(wrapped))
    except crypto.SealBroken:
        return False
    return crypto.blind_index(index_column(IdentityKind(kind), issuer), value) == bytes(lookup)
