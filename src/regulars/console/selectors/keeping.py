"""Read what staff keep of a list: views, columns, the view it opens with."""

import orjson

from regulars.access.domain import Actor
from regulars.console.domain.views import HOUSE, STEPS_AWAY, Keeping, SavedView, ViewNotFound
from regulars.web import sql


def get_keeping(*, actor: Actor, name: str) -> Keeping:
    """Answer what this reader keeps of the list; nothing where no person asks."""
    if actor.kind != "staff":
        return Keeping()
    found = sql.rows(
        "SELECT public_id, name, query, is_shared, staff_id = %s, NULL FROM console_saved_view"
        " WHERE list = %s AND (staff_id = %s OR is_shared)"
        " UNION ALL SELECT NULL, name, NULL, NULL, NULL, value::text FROM console_preference"
        " WHERE staff_id = %s AND name = ANY(%s::text[])",
        [
            actor.id,
            name,
            actor.id,
            actor.id,
            [f"columns:{name}", f"default:{name}", f"widths:{name}"],
        ],
    )
    views = [
        SavedView(public_id=row[0], name=row[1], query=row[2], is_shared=row[3], is_mine=row[4])
        for row in found
        if row[0] is not None
    ]
    kept = {row[1]: orjson.loads(row[5]) for row in found if row[0] is None}
    return Keeping.of(
        views,
        columns=kept.get(f"columns:{name}", ()),
        default=kept.get(f"default:{name}", ""),
        widths=kept.get(f"widths:{name}"),
    )


def are_steps_put_away() -> bool:
    """Tell whether the house has put its first steps away."""
    found = sql.row(
        "SELECT 1 FROM console_preference WHERE staff_id = %s AND name = %s", [HOUSE, STEPS_AWAY]
    )
    return found is not None


def get_view_list(*, actor: Actor, public_id: object) -> str:
    """Answer which list an own view belongs to; raises ViewNotFound."""
    found = sql.row(
        "SELECT list FROM console_saved_view WHERE public_id = %s::uuid AND staff_id = %s",
        [public_id, actor.id],
    )
    if found is None:
        raise ViewNotFound
    return str(found[0])
