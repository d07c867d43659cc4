"""Take in what a sighting said about the person: profile, home, tags, consents."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from msgspec.structs import replace

from regulars.events import services as events
from regulars.events.domain import Fact
from regulars.kit.errors import Refusal
from regulars.members.domain import (
    FIELDS,
    ProfileValue,
    Resolution,
    Sighting,
    TagSource,
    clean_value,
    name_key,
    profile_context,
    surname_of,
)
from regulars.members.selectors import identities, people
from regulars.members.services import marks
from regulars.web import crypto, sql


@dataclass(frozen=True, slots=True)
class Word:
    """One profile value somebody said about a member; None takes the value away."""

    member_id: int
    field: str
    value: str | None
    at: datetime
    source_id: int | None = None


def take_in(
    sightings: Sequence[Sighting],
    *,
    resolutions: list[Resolution],
    created: set[int],
    at: datetime,
) -> list[Resolution]:
    """Apply what the sightings said; answer the resolutions with what changed and was ignored.

    A word about the person changes the profile; what an order says in passing only fills the
    profile of whoever that order enrolled.
    """
    speaking = [
        place
        for place, sighting in enumerate(sightings)
        if resolutions[place].member_id is not None
        and (sighting.profile or sighting.updates_profile or sighting.tags or sighting.consents)
    ]
    if not speaking:
        return resolutions
    said: list[Word] = []
    homes: dict[int, Sighting] = {}
    for place in speaking:
        sighting, resolution = sightings[place], resolutions[place]
        member_id = resolution.member_id
        assert member_id is not None
        if sighting.updates_profile or resolution.change == "new":
            heard, ignored = _read_profile(member_id, sighting)
            said += heard
            if ignored:
                resolutions[place] = replace(resolution, ignored=resolution.ignored + ignored)
        if sighting.updates_profile and resolution.change != "new":
            homes[member_id] = sighting
    changed = write_words(said, fresh=created)
    moved = _update_homes(homes)
    marked = _mark(sightings, resolutions, speaking, at=at)
    _say(changed, moved, created=created, at=at)
    touched = changed.keys() | moved | marked
    for place in speaking:
        answer = resolutions[place]
        if answer.change == "same" and answer.member_id in touched:
            resolutions[place] = replace(answer, change="updated")
    return resolutions


def _read_profile(member_id: int, sighting: Sighting) -> tuple[list[Word], tuple[str, ...]]:
    heard: list[Word] = []
    ignored: tuple[str, ...] = ()
    for field, raw in sighting.profile.items():
        try:
            value = clean_value(field, raw)
        except Refusal:
            ignored += (f"{field[:32]}.invalid",)
            continue
        if value is not None:
            heard.append(Word(member_id, field, value, sighting.occurred_at, sighting.source_id))
    return heard, ignored


def write_words(
    said: Sequence[Word], *, fresh: Iterable[int] = frozenset()
) -> dict[int, tuple[str, ...]]:
    """Write profile values, the latest word per field standing whatever the order of arrival.

    Answers which fields changed, by member. Members in `fresh` are known to have no profile yet.
    """
    latest: dict[tuple[int, str], Word] = {}
    for word in said:
        before = latest.get((word.member_id, word.field))
        if before is None or word.at >= before.at:
            latest[word.member_id, word.field] = word
    if not latest:
        return {}
    old = {member_id for member_id, _ in latest} - set(fresh)
    standing: dict[tuple[int, str], ProfileValue] = {}
    if old:
        standing = {
            (value.member_id, value.field): value
            for value in people.profile_values(member_ids=sorted(old))
        }
    later = [
        word
        for key, word in latest.items()
        if key not in standing or word.at >= standing[key].set_at
    ]
    changed: dict[int, tuple[str, ...]] = {}
    for word in later:
        value = standing.get((word.member_id, word.field))
        if (value.value if value else None) != word.value:
            changed[word.member_id] = (*changed.get(word.member_id, ()), word.field)
    _delete([word for word in later if word.value is None])
    _upsert(sorted((w for w in later if w.value is not None), key=lambda w: (w.member_id, w.field)))
    return changed


def _delete(taken: Sequence[Word]) -> None:
    if taken:
        sql.run(
            "DELETE FROM members_profilevalue v USING unnest(%s::bigint[], %s::text[])"
            " AS x(member_id, field) WHERE v.member_id = x.member_id AND v.field = x.field",
            [[word.member_id for word in taken], [word.field for word in taken]],
        )


def _upsert(said: Sequence[Word]) -> None:
    if not said:
        return
    keys = identities.subject_keys(member_ids={word.member_id for word in said})
    said = [word for word in said if word.member_id in keys]
    sealed = [FIELDS[word.field].is_sealed for word in said]
    sql.run(
        "INSERT INTO members_profilevalue (member_id, field, plain, sealed, exact_lookup,"
        " part_lookup, source_id, set_at) SELECT * FROM unnest(%s::bigint[], %s::text[],"
        " %s::text[], %s::bytea[], %s::bytea[], %s::bytea[], %s::bigint[], %s::timestamptz[])"
        " ON CONFLICT (member_id, field) DO UPDATE SET plain = excluded.plain,"
        " sealed = excluded.sealed, exact_lookup = excluded.exact_lookup,"
        " part_lookup = excluded.part_lookup, source_id = excluded.source_id,"
        " set_at = excluded.set_at WHERE members_profilevalue.set_at <= excluded.set_at",
        [
            [word.member_id for word in said],
            [word.field for word in said],
            [None if hide else word.value for word, hide in zip(said, sealed, strict=True)],
            [
                _sealed(word, keys) if hide else None
                for word, hide in zip(said, sealed, strict=True)
            ],
            [_exact(word) for word in said],
            [_part(word) for word in said],
            [word.source_id for word in said],
            [word.at for word in said],
        ],
    )


def _sealed(word: Word, keys: Mapping[int, bytes]) -> bytes:
    context = profile_context(word.field, word.member_id)
    return crypto.seal(word.value or "", key=keys[word.member_id], context=context)


def _exact(word: Word) -> bytes | None:
    if not FIELDS[word.field].indexed:
        return None
    return crypto.blind_index(f"profile.{word.field}", name_key(word.value or ""))


def _part(word: Word) -> bytes | None:
    if word.field != "name":
        return None
    return crypto.blind_index("profile.name.surname", surname_of(word.value or ""))


def _update_homes(homes: Mapping[int, Sighting]) -> set[int]:
    """Join earlier where an earlier joining is told; set store and associate where told."""
    if not homes:
        return set()
    told = list(homes.values())
    found = sql.rows(
        "WITH held AS (SELECT id FROM members_member WHERE id = ANY(%s::bigint[]) ORDER BY id"
        " FOR NO KEY UPDATE)"
        " UPDATE members_member m SET joined_at = LEAST(m.joined_at, x.joined_at),"
        " home_store_id = COALESCE(x.store_id, m.home_store_id),"
        " associate_id = COALESCE(x.associate_id, m.associate_id)"
        " FROM unnest(%s::bigint[], %s::timestamptz[], %s::bigint[], %s::bigint[])"
        " AS x(id, joined_at, store_id, associate_id) JOIN held ON held.id = x.id"
        " WHERE m.id = x.id AND (x.joined_at < m.joined_at"
        " OR x.store_id IS DISTINCT FROM m.home_store_id AND x.store_id IS NOT NULL"
        " OR x.associate_id IS DISTINCT FROM m.associate_id AND x.associate_id IS NOT NULL)"
        " RETURNING m.id",
        [
            list(homes),
            list(homes),
            [sighting.joined_at for sighting in told],
            [sighting.home_store_id for sighting in told],
            [sighting.associate for sighting in told],
        ],
    )
    return {member_id for (member_id,) in found}


def _mark(
    sightings: Sequence[Sighting],
    resolutions: Sequence[Resolution],
    speaking: Sequence[int],
    *,
    at: datetime,
) -> set[int]:
    tags: list[marks.TagRow] = []
    consents: list[marks.ConsentRow] = []
    for place in speaking:
        sighting, member_id = sightings[place], resolutions[place].member_id
        assert member_id is not None
        tags += [marks.TagRow(member_id, tag) for tag in sighting.tags]
        consents += [
            marks.ConsentRow(member_id, consent, sighting.source_id)
            for consent in sighting.consents
        ]
    tagged = marks.add_tags(tags, source=TagSource.IMPORT, at=at) if tags else set()
    agreed = marks.append_consents(consents, at=at) if consents else set()
    return tagged | agreed


def _say(
    changed: Mapping[int, tuple[str, ...]], moved: set[int], *, created: set[int], at: datetime
) -> None:
    facts = [
        Fact(
            type="member.updated",
            occurred_at=at,
            facts={"fields": [*changed.get(member_id, ()), *(["home"] * (member_id in moved))]},
            member_id=member_id,
        )
        for member_id in sorted((changed.keys() | moved) - created)
    ]
    if facts:
        events.append(facts, at=at)
