"""What the pages about members show: plain values, gathered from several apps, already masked."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

HEAD_TAGS, HEAD_CONSENTS = 6, 4


@dataclass(frozen=True, slots=True)
class TierMark:
    """A tier as a mark: its name, and its place from the bottom."""

    name: str
    level: int


@dataclass(frozen=True, slots=True, kw_only=True)
class MemberRow:
    """One line of the member list."""

    public_id: UUID
    number: str
    name: str
    phone: str
    tier: TierMark | None
    points: int
    owed: int
    orders: int
    spent_minor: int
    currency: str
    last_order_at: datetime | None
    home_store: str
    joined_at: datetime | None
    is_frozen: bool = False

    @property
    def initial(self) -> str:
        """The sign in the round picture: the first letter of what may be seen."""
        return first_sign(self.name)


@dataclass(frozen=True, slots=True, kw_only=True)
class MemberPage:
    """A page of the member list, and where the next one begins."""

    rows: tuple[MemberRow, ...]
    next_cursor: str | None


@dataclass(frozen=True, slots=True)
class Step:
    """A rung of the tier ladder and how much of it is filled, of one hundred."""

    name: str
    filled: int
    is_current: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class TierProgress:
    """Where a member stands on the ladder and what is missing to the next rung."""

    current: TierMark
    since: datetime | None
    growth: int
    growth_pending: int
    next_name: str | None
    missing: int
    keep_missing: int
    review_at: datetime
    steps: tuple[Step, ...]


@dataclass(frozen=True, slots=True)
class TagMark:
    """A tag and where it came from."""

    name: str
    source: str


@dataclass(frozen=True, slots=True)
class Flag:
    """Something about a member to mind before anything else."""

    title: str
    tone: str
    detail: str = ""


@dataclass(frozen=True, slots=True)
class ConsentLine:
    """The state of one purpose, and the policy version it was given under."""

    code: str
    purpose: str
    is_given: bool
    at: datetime
    policy_version: str
    channel: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MemberHead:
    """The head of the member's record: who, which tier, the key figures."""

    public_id: UUID
    number: str
    name: str
    phone: str
    is_revealed: bool
    status: str
    is_frozen: bool
    is_living: bool
    flags: tuple[Flag, ...]
    tags: tuple[TagMark, ...]
    consents: tuple[ConsentLine, ...]
    records: int
    home_store: str
    associate: str
    joined_at: datetime | None
    tier: TierProgress | None
    orders: int
    orders_year: int
    spent_year_minor: int
    average_minor: int | None
    currency: str
    last_order_at: datetime | None
    points: int
    points_pending: int
    points_held: int
    owed: int
    points_expiring: int
    stored_value_minor: int

    @property
    def initial(self) -> str:
        """The sign in the round picture."""
        return first_sign(self.name)

    @property
    def first_tags(self) -> tuple[TagMark, ...]:
        """The tags that find room in the head; the tab shows all."""
        return self.tags[:HEAD_TAGS]

    @property
    def more_tags(self) -> int:
        """Count the tags that do not."""
        return max(0, len(self.tags) - HEAD_TAGS)

    @property
    def first_consents(self) -> tuple[ConsentLine, ...]:
        """The words on consent that find room in the head."""
        return self.consents[:HEAD_CONSENTS]

    @property
    def more_consents(self) -> int:
        """Count the words that do not."""
        return max(0, len(self.consents) - HEAD_CONSENTS)


@dataclass(frozen=True, slots=True)
class ProfileLine:
    """One profile field: what it is, its value as the reader may see it, and its class."""

    code: str
    title: str
    value: str
    data_class: str
    tone: str
    purpose: str
    said_at: datetime | None


@dataclass(frozen=True, slots=True)
class IdentityLine:
    """One way by which the member is known."""

    id: int
    kind: str
    icon: str
    value: str
    issuer: str
    since: datetime | None


@dataclass(frozen=True, slots=True)
class ProofLine:
    """One word on consent as it was recorded, with what proves it."""

    purpose: str
    is_given: bool
    at: datetime
    recorded_at: datetime
    policy_version: str
    channel: str
    source: str
    text_hash: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestLine:
    """A request under the law: what for, since when, until when, and whether it is late."""

    public_id: UUID
    title: str
    is_open: bool
    is_late: bool
    opened_at: datetime
    due_at: datetime
    closed_at: datetime | None


@dataclass(frozen=True, slots=True)
class TagLine:
    """One tag: the word, who set it, since when and until when it holds."""

    name: str
    source: str
    since: datetime
    until: datetime | None


@dataclass(frozen=True, slots=True)
class GroupLine:
    """One stay in a tier, a plan or a segment."""

    kind: str
    name: str
    since: datetime
    until: datetime | None


@dataclass(frozen=True, slots=True)
class MergedLine:
    """A record that became part of this one."""

    merge_id: int
    number: str
    at: datetime
    by: str
    reason: str
    can_part: bool


@dataclass(frozen=True, slots=True)
class ActLine:
    """One entry of the audit log about a member: who did what, why, and with what result."""

    at: datetime
    who: str
    title: str
    tone: str
    reason: str
    detail: str
    note: str
    network: str


def first_sign(name: str) -> str:
    """Take the sign that stands for a person whose name is masked; nothing where none is known."""
    return name[:1].upper() if name and name[0] not in "*—" else ""


def ladder(rungs: tuple[tuple[str, int], ...], *, growth: int, current: str) -> tuple[Step, ...]:
    """Fill the rungs of a ladder, given as (name, threshold) from the bottom, by the growth.

    Rungs below the current one are full, those above it empty; the current one fills towards the
    next threshold, and the topmost is full once reached.
    """
    names = [name for name, _ in rungs]
    here = names.index(current) if current in names else 0
    steps = []
    for place, (name, threshold) in enumerate(rungs):
        if place < here:
            filled = 100
        elif place > here:
            filled = 0
        elif place == len(rungs) - 1:
            filled = 100
        else:
            span = max(1, rungs[place + 1][1] - threshold)
            filled = max(0, min(100, (growth - threshold) * 100 // span))
        steps.append(Step(name=name, filled=filled, is_current=place == here))
    return tuple(steps)
