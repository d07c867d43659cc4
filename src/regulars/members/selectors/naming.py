"""Name members in lists of other things: masked, those in scope, whoever stands for them now."""

from collections.abc import Iterable

from regulars.access.domain import Scope
from regulars.members.domain import MemberRow
from regulars.members.selectors.people import COLUMNS, _rows, member_of
from regulars.web import sql


def rows_of(*, member_ids: Iterable[int], scope: Scope) -> dict[int, MemberRow]:
    """Answer the masked line of each of these members that is in scope, by the id asked for.

    A merged member answers the line of its survivor; erased ones and those out of scope are left
    out.
    """
    asked = sorted(set(member_ids))
    if not asked:
        return {}
    within, params = scope.condition("m.home_store_id", "m.associate_id")
    found = sql.rows(
        f"SELECT a.id, {COLUMNS} FROM members_member a JOIN members_member m"
        f" ON m.id = a.survivor_id WHERE a.id = ANY(%s::bigint[]) AND {within}"
        " AND m.status IN ('active', 'frozen')",
        [asked, *params],
    )
    members = {row[1]: member_of(row[1:]) for row in found}
    lines = {line.id: line for line in _rows(list(members.values()), tail="")}
    return {row[0]: lines[row[1]] for row in found if row[1] in lines}
