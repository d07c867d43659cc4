"""Find the members somebody chose in the list: these, or everyone that the filters match."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from regulars.access.domain import Scope
from regulars.console.domain.member_list import Criteria
from regulars.console.selectors.narrowing import CANDIDATES, keep_ids
from regulars.kit.errors import Kind, Refusal
from regulars.kit.messages import message
from regulars.members import selectors as members

MANY_MAX = 10_000


class TooManyChosen(Refusal):
    """An act on many has an end; larger ones are done in parts."""

    kind = Kind.LIMITED
    reason = message("At most {most} members at once. Narrow the list and do it in parts.")


@dataclass(frozen=True, slots=True)
class Chosen:
    """Members within reach by id, and what was sent that leads to nobody within reach."""

    who: dict[int, UUID]
    missing: tuple[str, ...] = ()


def members_named(*, scope: Scope, public_ids: Sequence[str]) -> Chosen:
    """Answer the members of these public ids within the scope; what is none is missing."""
    asked = {text: found for text in public_ids if (found := _uuid(text)) is not None}
    ids = members.ids_by_public(public_ids=asked.values())
    seen = members.visible(member_ids=ids.values(), scope=scope)
    who = {ids[one]: one for one in asked.values() if ids.get(one) in seen}
    missing = tuple(text for text in public_ids if asked.get(text) not in who.values())
    return Chosen(who, missing)


def members_matching(*, scope: Scope, criteria: Criteria, at: datetime) -> Chosen:
    """Answer everyone the list shows; raises TooManyChosen."""
    kept: list[int] = []
    cursor: str | None = None
    while True:
        found = members.list_candidates(
            scope=scope, query=criteria.query, cursor=cursor, limit=CANDIDATES
        )
        ids = [one.id for one in found]
        inside = keep_ids(criteria.narrowing, member_ids=ids, at=at)
        kept += [one for one in ids if one in inside]
        if len(kept) > MANY_MAX:
            raise TooManyChosen(most=f"{MANY_MAX:,}")
        if len(found) < CANDIDATES:
            return Chosen(members.public_ids(member_ids=kept))
        cursor = found[-1].cursor


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None
