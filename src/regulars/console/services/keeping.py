"""Keep what staff like: views of lists under names, columns and their order, the opening view."""

import json
from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from django.db import transaction

from regulars.access import services as access
from regulars.access.domain import Actor
from regulars.console.domain.views import (
    HOUSE,
    STEPS_AWAY,
    VIEWS_MAX,
    TooManyViews,
    ViewNameTaken,
    ViewNotFound,
    check_name,
    clean_query,
)
from regulars.kit.ids import time_ordered_uuid
from regulars.web import sql


@transaction.atomic
def save_view(
    *, actor: Actor, name: str, title: str, query: str, is_shared: bool, at: datetime
) -> UUID:
    """Keep the address of a list under a title; raises ViewNameUnfit, ViewNameTaken, TooManyViews.

    `name` is the list's, `title` the view's.
    """
    title = check_name(title)
    kept = sql.row(
        "SELECT count(*) FROM console_saved_view WHERE staff_id = %s AND list = %s",
        [actor.id, name],
    )
    if kept is not None and kept[0] >= VIEWS_MAX:
        raise TooManyViews(most=VIEWS_MAX)
    public_id = time_ordered_uuid(at)
    made = sql.run(
        "INSERT INTO console_saved_view (public_id, staff_id, list, name, query, is_shared,"
        " saved_at) VALUES (%s::uuid, %s, %s, %s, %s, %s, %s::timestamptz) ON CONFLICT DO NOTHING",
        [public_id, actor.id, name, title, clean_query(query), is_shared, at],
    )
    if not made:
        raise ViewNameTaken
    _note(actor, "views.save", public_id, at, is_shared=is_shared)
    return public_id


@transaction.atomic
def change_view(
    *,
    actor: Actor,
    public_id: UUID,
    at: datetime,
    title: str | None = None,
    query: str | None = None,
    is_shared: bool | None = None,
) -> None:
    """Rename, re-address or share an own view.

    Raises ViewNotFound, ViewNameUnfit, ViewNameTaken.
    """
    title = None if title is None else check_name(title)
    taken = title is not None and sql.row(
        "SELECT 1 FROM console_saved_view AS other JOIN console_saved_view AS mine"
        " USING (staff_id, list) WHERE mine.public_id = %s::uuid"
        " AND other.public_id <> mine.public_id AND other.name = %s::text",
        [public_id, title],
    )
    if taken:
        raise ViewNameTaken
    changed = sql.run(
        "UPDATE console_saved_view SET name = COALESCE(%s::text, name),"
        " query = COALESCE(%s::text, query), is_shared = COALESCE(%s::boolean, is_shared),"
        " saved_at = %s::timestamptz WHERE public_id = %s::uuid AND staff_id = %s",
        [
            title,
            None if query is None else clean_query(query),
            is_shared,
            at,
            public_id,
            actor.id,
        ],
    )
    if not changed:
        raise ViewNotFound
    _note(actor, "views.save", public_id, at, is_shared=is_shared)


@transaction.atomic
def delete_view(*, actor: Actor, public_id: UUID, at: datetime) -> None:
    """Forget an own view; who opened the list with it sees all again. Raises ViewNotFound."""
    gone = sql.run(
        "DELETE FROM console_saved_view WHERE public_id = %s::uuid AND staff_id = %s",
        [public_id, actor.id],
    )
    if not gone:
        raise ViewNotFound
    _note(actor, "views.delete", public_id, at, is_shared=None)


def keep_default(*, actor: Actor, name: str, view: str) -> None:
    """Open the list with this view from now on; with an empty one, with all."""
    _prefer(actor, f"default:{name}", view)


def keep_columns(*, actor: Actor, name: str, columns: Sequence[str]) -> None:
    """Show these columns of the list, in this order, from now on; none means the usual ones."""
    _prefer(actor, f"columns:{name}", list(columns))


def keep_width(*, actor: Actor, name: str, column: str, pixels: int) -> None:
    """Draw a column of the list this wide from now on; with no pixels, as usual."""
    if not pixels:
        sql.run(
            "UPDATE console_preference SET value = value - %s::text"
            " WHERE staff_id = %s AND name = %s",
            [column, actor.id, f"widths:{name}"],
        )
        return
    sql.run(
        "INSERT INTO console_preference (staff_id, name, value)"
        " VALUES (%s, %s, jsonb_build_object(%s::text, %s::int))"
        " ON CONFLICT (staff_id, name) DO UPDATE SET"
        " value = console_preference.value || EXCLUDED.value",
        [actor.id, f"widths:{name}", column, pixels],
    )


def forget_widths(*, actor: Actor, name: str) -> None:
    """Draw every column of the list as wide as usual."""
    _prefer(actor, f"widths:{name}", None)


@transaction.atomic
def put_steps_away(*, actor: Actor, at: datetime, is_away: bool) -> None:
    """Put the first steps away for everybody in the house, or bring them back."""
    if is_away:
        changed = sql.run(
            "INSERT INTO console_preference (staff_id, name, value) VALUES (%s, %s, 'true')"
            " ON CONFLICT (staff_id, name) DO NOTHING",
            [HOUSE, STEPS_AWAY],
        )
    else:
        changed = sql.run(
            "DELETE FROM console_preference WHERE staff_id = %s AND name = %s", [HOUSE, STEPS_AWAY]
        )
    if changed:
        access.audit(
            actor=actor,
            action="house.steps",
            object_kind="house",
            object_id="house",
            at=at,
            details={"away": is_away},
        )


def _prefer(actor: Actor, name: str, value: object) -> None:
    if not value:
        sql.run(
            "DELETE FROM console_preference WHERE staff_id = %s AND name = %s", [actor.id, name]
        )
        return
    sql.run(
        "INSERT INTO console_preference (staff_id, name, value) VALUES (%s, %s, %s::jsonb)"
        " ON CONFLICT (staff_id, name) DO UPDATE SET value = EXCLUDED.value",
        [actor.id, name, json.dumps(value)],
    )


def _note(
    actor: Actor, action: str, public_id: UUID, at: datetime, *, is_shared: bool | None
) -> None:
    access.audit(
        actor=actor,
        action=action,
        object_kind="view",
        object_id=str(public_id),
        at=at,
        details=None if is_shared is None else {"shared": is_shared},
    )
