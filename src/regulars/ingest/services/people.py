"""Find out whom the rows of a batch are about: one look for public ids, one for all identities."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from msgspec import Struct

from regulars.access import selectors as access
from regulars.ingest.domain import MemberRef, MemberUnknown
from regulars.ingest.domain.meaning import identities_of
from regulars.ingest.services.running import Batch
from regulars.kit.errors import Refusal
from regulars.members import domain as known
from regulars.members import selectors as members
from regulars.members import services as recognition
from regulars.members.domain import IdentityInvalid, IdentityMasked
from regulars.web import crypto


class Question(Struct, frozen=True, gc=False):
    """Whom is this row about? `home_store_id` and `associate` matter if it enrols somebody."""

    who: MemberRef | None
    occurred_at: datetime
    home_store_id: int | None = None
    associate: str | None = None
    enrol: bool = True


class Answer(Struct, frozen=True, gc=False):
    """Who it is: the member the name came with, who stands for it now, or why nobody does."""

    member_id: int | None = None
    survivor_id: int | None = None
    waiting: tuple[bytes, ...] = ()
    flags: tuple[tuple[str, object], ...] = ()
    refusal: Refusal | None = None


NOBODY = Answer()
_UNATTRIBUTED = (("unattributed", True),)


def identify(questions: Sequence[Question], batch: Batch) -> list[Answer]:
    """Answer the questions in order; enrols and links as the members' policy says."""
    answers: list[Answer] = [Answer(flags=_UNATTRIBUTED)] * len(questions)
    public = _public_ids(questions)
    associates = _associates(questions)
    sightings = []
    named: list[tuple[int, int | None]] = []
    for place, question in enumerate(questions):
        who = question.who
        if who is None:
            continue
        if who.member_id:
            named.append((place, public.get(who.member_id)))
            continue
        sightings.append(
            known.Sighting(
                row=place,
                identities=identities_of(who, source=batch.source),
                occurred_at=question.occurred_at,
                source_id=batch.source.id,
                home_store_id=question.home_store_id,
                associate=associates.get(question.associate or ""),
                enrol=question.enrol,
            )
        )
    if sightings:
        found = recognition.resolve_identities(sightings, at=batch.at, batch_id=batch.batch_id)
        for sighting, resolution in zip(sightings, found, strict=True):
            answers[resolution.row] = _of_resolution(resolution, sighting)
    if named:  # after the identities: gates are taken in this order by those who merge
        for (place, _), answer in zip(named, _standing([i for _, i in named]), strict=True):
            answers[place] = answer
    return answers


def _standing(member_ids: Sequence[int | None]) -> list[Answer]:
    """Answer who stands for members named by id; rows that name the erased are nobody's."""
    standing = members.lock_survivors(member_ids=[i for i in member_ids if i is not None])
    gone = set(members.erased_of(member_ids=list(standing.values())))
    found = [None if member_id is None else standing[member_id] for member_id in member_ids]
    return [
        Answer(flags=_UNATTRIBUTED) if member_id in gone else _of_public(member_id)
        for member_id in found
    ]


def _associates(questions: Sequence[Question]) -> dict[str, int]:
    codes = {question.associate for question in questions if question.associate}
    return access.staff_ids_by_code(codes) if codes else {}


def _public_ids(questions: Sequence[Question]) -> dict[str, int]:
    texts = {q.who.member_id for q in questions if q.who is not None and q.who.member_id}
    parsed = {text: each for text in texts if (each := _uuid(text)) is not None}
    if not parsed:
        return {}
    ids = members.ids_by_public(public_ids=parsed.values())
    return {text: ids[each] for text, each in parsed.items() if each in ids}


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None


def _of_public(member_id: int | None) -> Answer:
    if member_id is None:
        return Answer(refusal=MemberUnknown())
    return Answer(member_id=member_id, survivor_id=member_id)


def _of_resolution(resolution: known.Resolution, sighting: known.Sighting) -> Answer:
    flags: tuple[tuple[str, object], ...] = ()
    if resolution.ignored:
        flags = (("ignored", list(resolution.ignored)),)
    if resolution.member_id is None:
        is_blocked = resolution.outcome is known.Outcome.BLOCKED
        waiting = () if is_blocked else _waiting(sighting)
        return Answer(waiting=waiting, flags=(*_UNATTRIBUTED, *flags))
    origin = resolution.origin_id if resolution.origin_id is not None else resolution.member_id
    return Answer(member_id=origin, survivor_id=resolution.member_id, flags=flags)


def _waiting(sighting: known.Sighting) -> tuple[bytes, ...]:
    """Index the names nobody holds, so that the order is found when somebody does."""
    lookups = []
    for identity in sighting.identities:
        try:
            value = known.normalise(identity.kind, identity.value)
        except (IdentityMasked, IdentityInvalid):
            continue
        lookups.append(
            crypto.blind_index(known.index_column(identity.kind, identity.issuer), value)
        )
    return tuple(lookups)
