"""What must hold of people at all times, said as queries for the nightly proof."""

from dataclasses import dataclass

from regulars.kit.messages import message


@dataclass(frozen=True, slots=True)
class Invariant:
    """A named truth; `bad` selects, as text, the ids where it fails, `scanned` counts."""

    name: str
    says: str
    scanned: str
    bad: str


_MEMBERS = "SELECT count(*) FROM members_member"
_IDENTITIES = "SELECT count(*) FROM members_identity"

INVARIANTS: tuple[Invariant, ...] = (
    Invariant(
        "aliases",
        message("Whoever was merged leads, through its winner, to one who stands for both."),
        _MEMBERS,
        "SELECT m.id::text FROM members_member m"
        " LEFT JOIN members_member w ON w.id = m.merged_into_id"
        " LEFT JOIN members_member s ON s.id = m.survivor_id"
        " WHERE s.id IS NULL OR s.status = 'merged'"
        " OR m.survivor_id <> COALESCE(w.survivor_id, m.id)"
        " OR (m.status = 'merged') <> (m.status <> 'erased' AND m.merged_into_id IS NOT NULL)",
    ),
    Invariant(
        "identity_holders",
        message("Every identity is held by a living member, under a key that exists."),
        _IDENTITIES,
        "SELECT i.id::text FROM members_identity i"
        " LEFT JOIN members_member m ON m.id = i.member_id"
        " LEFT JOIN members_member o ON o.id = i.subject_id"
        " LEFT JOIN members_subjectkey k ON k.member_id = i.subject_id"
        " WHERE m.id IS NULL OR m.status NOT IN ('active', 'frozen') OR k.member_id IS NULL"
        " OR o.survivor_id IS DISTINCT FROM m.id",
    ),
    Invariant(
        "erased",
        message("Of an erased member nothing is left but the record that names nobody."),
        "SELECT count(*) FROM members_member WHERE status = 'erased'",
        "SELECT m.id::text FROM members_member m WHERE m.status = 'erased' AND ("
        " EXISTS (SELECT 1 FROM members_subjectkey k WHERE k.member_id = m.id)"
        " OR EXISTS (SELECT 1 FROM members_profilevalue v WHERE v.member_id = m.id)"
        " OR EXISTS (SELECT 1 FROM members_tag t WHERE t.member_id = m.id)"
        " OR EXISTS (SELECT 1 FROM members_group g WHERE g.member_id = m.id))",
    ),
    Invariant(
        "merges",
        message("Every merge that stands is told by its loser's record, and the other way round."),
        "SELECT count(*) FROM members_merge",
        "SELECT COALESCE(g.loser_id, m.id)::text FROM"
        " (SELECT * FROM members_merge WHERE undone_at IS NULL) g FULL JOIN"
        " (SELECT * FROM members_member WHERE merged_into_id IS NOT NULL) m ON m.id = g.loser_id"
        " WHERE m.merged_into_id IS DISTINCT FROM g.winner_id",
    ),
)
