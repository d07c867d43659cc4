"""What is kept about a member for a time only: profile values, tags. Nobody who is held loses any.

Consents, merges and requests are proof and stay, naming nobody once a person is erased; erasing
takes everything else at once. What is here is for those who stay: a value that nobody has said
again for as long as the policy allows, and a tag whose time is over.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Final

from regulars.events import services as events
from regulars.events.domain import Fact
from regulars.kit.messages import message
from regulars.members.domain import FIELDS, PROFILE_FIELDS, Field
from regulars.members.selectors import people, requests
from regulars.web.retention import Rows, Sweep, end_all

_ABOUT_HELD = "member_id = ANY(%s::bigint[])"

TAGS: Final = Sweep(
    name="tags",
    title=message("Tags that are over"),
    purpose=message("To describe the member for service and offers."),
    since=message("the end of its time"),
    table="members_tag",
    key="member_id, origin_id, tag",
    aged_by="expires_at",
    spares=_ABOUT_HELD,
)


def drop_expired_tags(*, at: datetime) -> int:
    """Delete tags whose time is over; readers have not seen them since it was."""
    return end_all(TAGS, at=at, spared=requests.list_held(at=at))


def profile_sweeps(*, days: Mapping[str, int]) -> tuple[Sweep, ...]:
    """Say how long profile values stay: `days` a field after they were last said, 0 for ever.

    What a person who left still has on record goes when the days of the data map are over.
    """
    return (
        *(_unsaid(field, days.get(field.name, 0)) for field in PROFILE_FIELDS),
        _of_those_gone(),
    )


def _unsaid(field: Field, days: int) -> Sweep:
    return Sweep(
        name=f"profile_{field.name}",
        title=field.title,
        purpose=field.purpose,
        since=message("it was last said"),
        table="members_profilevalue",
        key="member_id, field",
        where=f"field = '{field.name}' AND NOT EXISTS (SELECT 1 FROM members_member m"
        " WHERE m.id = members_profilevalue.member_id AND m.status = 'erased')",
        aged_by="set_at",
        limit=timedelta(days=days) if days else None,
        then=_tell,
        spares=_ABOUT_HELD,
        walks="member_id",
    )


def _of_those_gone() -> Sweep:
    stays = " ".join(
        f"WHEN '{name}' THEN interval '{field.retention_days} days'"
        for name, field in FIELDS.items()
    )
    return Sweep(
        name="profile_of_those_gone",
        title=message("Profiles of people who left"),
        purpose=message("To hold the declared profile fields, sealed where they are personal."),
        since=message("the end of the days after leaving that the data map names"),
        table="members_profilevalue",
        key="member_id, field",
        where="member_id IN (SELECT id FROM members_member WHERE status = 'erased')",
        aged_by="(SELECT m.ended_at FROM members_member m"
        f" WHERE m.id = members_profilevalue.member_id) + CASE field {stays} END",
        spares=_ABOUT_HELD,
    )


def _tell(ended: Rows, at: datetime) -> None:
    """Say in the log which fields members lost; whoever keeps something by them hears of it."""
    living = people.survivors(member_ids=[member_id for member_id, _, _ in ended])
    facts = [
        Fact(
            type="member.updated",
            occurred_at=at,
            facts={"fields": [field]},
            member_id=living[member_id],
        )
        for member_id, field, _ in ended
    ]
    events.append(facts, at=at)
