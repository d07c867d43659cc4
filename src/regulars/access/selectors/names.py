"""Read the names of stores, staff and keys that one page mentions, in one query."""

from collections.abc import Iterable

from regulars.access.domain import Names
from regulars.access.selectors.staff import opened
from regulars.web import sql


def names_in_use(
    *,
    store_ids: Iterable[int | None] = (),
    staff_ids: Iterable[int | None] = (),
    key_ids: Iterable[int | None] = (),
    operator_ids: Iterable[int | None] = (),
) -> Names:
    """Answer the names of these stores, staff and keys; who is gone is left out.

    Operators are written as in the ledger: staff by their id, keys by its negative.
    """
    operators = {each for each in operator_ids if each}
    wanted = (
        {each for each in store_ids if each},
        {each for each in staff_ids if each} | {each for each in operators if each > 0},
        {each for each in key_ids if each} | {-each for each in operators if each < 0},
    )
    if not any(wanted):
        return Names()
    names: dict[str, dict[int, str]] = {"store": {}, "staff": {}, "key": {}}
    found = sql.rows(
        "SELECT 'store', id, name, public_id, NULL::bytea FROM access_store"
        " WHERE id = ANY(%s::bigint[]) UNION ALL"
        " SELECT 'staff', id, '', public_id, name_sealed FROM access_staff"
        " WHERE id = ANY(%s::bigint[]) UNION ALL"
        " SELECT 'key', id, title, NULL::uuid, NULL::bytea FROM access_apikey"
        " WHERE id = ANY(%s::bigint[])",
        [sorted(ids) for ids in wanted],
    )
    for kind, row_id, name, public_id, blob in found:
        told = opened(blob, column="name", public_id=public_id) if kind == "staff" else name
        names[kind][row_id] = told
    return Names(stores=names["store"], staff=names["staff"], keys=names["key"])


def list_newest_names(*, limit: int) -> Names:
    """Answer the names of the newest staff and keys, so many of each, in one query."""
    found = sql.rows(
        "(SELECT 'staff', id, '', public_id, name_sealed FROM access_staff"
        " ORDER BY id DESC LIMIT %s::int) UNION ALL"
        " (SELECT 'key', id, title || ' (' || name || ')', NULL::uuid, NULL::bytea"
        " FROM access_apikey ORDER BY id DESC LIMIT %s::int)",
        [limit, limit],
    )
    names: dict[str, dict[int, str]] = {"staff": {}, "key": {}}
    for kind, row_id, name, public_id, blob in found:
        told = opened(blob, column="name", public_id=public_id) if kind == "staff" else name
        names[kind][row_id] = told
    return Names(staff=names["staff"], keys=names["key"])
