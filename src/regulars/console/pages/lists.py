"""How every list is drawn: heading, views, filters, chips, acts on many, table, pages.

A page reads its state, asks its selector for rows, and hands both over. All that the reader may
change stands in links and forms, so a list works without JavaScript.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import gettext

from regulars.access.domain import Actor
from regulars.console.domain.cells import (
    Approximate,
    Cell,
    Empty,
    ListRow,
    PageAction,
    RowAction,
    TabLink,
)
from regulars.console.domain.listings import Opened, Reader
from regulars.console.domain.lists import (
    SIZE_DEFAULT,
    SIZES,
    Bulk,
    Column,
    Filter,
    ListSpec,
    ListState,
)
from regulars.console.domain.navigation import Crumb
from regulars.console.domain.periods import PRESETS
from regulars.console.domain.views import ALL, Keeping, SavedView, is_edited
from regulars.console.pages.drawing import actor_of, address_of, draw, house_zone
from regulars.console.selectors import keeping
from regulars.web import clock

ACTIONS_VISIBLE_MAX = 3
EXPORTS = "exports.make"


@dataclass(frozen=True, slots=True)
class Link:
    """A way to the same list, asked otherwise."""

    title: str
    href: str
    is_current: bool = False
    detail: str = ""


@dataclass(frozen=True, slots=True)
class HeadCell:
    """The head of a column; `sort` is how it is ordered now: ascending, descending or not."""

    code: str
    title: str
    numeric: bool
    help: str
    href: str
    sort: str
    width: int | None


@dataclass(frozen=True, slots=True)
class RowCell:
    """A cell with what its column says."""

    cell: Cell
    numeric: bool
    width: int | None


@dataclass(frozen=True, slots=True)
class DrawnRow:
    """A row as the template writes it."""

    id: str
    href: str
    cells: tuple[RowCell, ...]
    visible: tuple[RowAction, ...]
    more: tuple[RowAction, ...]


@dataclass(frozen=True, slots=True)
class Field:
    """A filter as the form shows it, with what it is set to."""

    code: str
    title: str
    kind: str
    help: str
    value: str
    first: str
    last: str
    options: tuple[Link, ...]


def draw_list(  # noqa: PLR0913 the one way every list is drawn; the optional ones have names
    request: HttpRequest,
    spec: ListSpec,
    state: ListState,
    rows: Iterable[ListRow],
    *,
    next_cursor: str | None,
    total: int | Approximate | None = None,
    zone: ZoneInfo,
    at: datetime,
    empty: Empty,
    crumbs: Sequence[Crumb] = (),
    actions: Sequence[PageAction] = (),
    tabs: Sequence[TabLink] = (),
    extra: Mapping[str, Any] | None = None,
    template: str = "console/list.html",
) -> HttpResponse:
    """Draw a page of a list; `extra` reaches the template, which may be one that extends it."""
    kept = keeping.get_keeping(actor=actor_of(request), name=spec.name)
    if kept.default and not request.GET:
        return HttpResponseRedirect(_view_href(request, kept.view(kept.default)))
    if kept.columns and not state.names_columns:
        state = state.with_columns(kept.columns)
    columns = [column for code in state.columns if (column := spec.column(code)) is not None]
    drawn = [_row(row, columns, kept.widths) for row in rows]
    context: dict[str, Any] = {
        "crumbs": crumbs,
        "actions": actions,
        "tabs": tabs,
        "now": at,
        "head": [_head(request, state, column, kept.widths) for column in columns],
        "rows": drawn,
        "has_actions": any(row.visible for row in drawn),
        "total": total.count if isinstance(total, Approximate) else total,
        "is_about": isinstance(total, Approximate),
        "next_href": f"{request.path}?{state.query(after=next_cursor)}" if next_cursor else "",
        "empty": empty,
        **_frame(request, spec, state),
        **_views(request, state, kept),
        **(extra or {}),
    }
    return draw(request, template, context, zone=zone)


def reader_of(request: HttpRequest) -> Reader:
    """Answer who reads a list, and what the address says."""
    return Reader(
        actor=actor_of(request),
        params=request.GET.dict(),
        at=clock.met(request),
        zone=house_zone(),
    )


def draw_opened(
    request: HttpRequest,
    opened: Opened,
    reader: Reader,
    *,
    extra: Mapping[str, Any] | None = None,
    **more: Any,
) -> HttpResponse:
    """Draw a page of a declared list; `more` is as in `draw_list`."""
    state = opened.state
    part = opened.read(state.cursor or None, state.size)
    return draw_list(
        request,
        opened.spec,
        state,
        part.rows,
        next_cursor=part.next_cursor,
        total=opened.total() if opened.total else None,
        zone=reader.zone,
        at=reader.at,
        extra={"stopped": part.stopped, **(extra or {})},
        **more,
    )


def _frame(request: HttpRequest, spec: ListSpec, state: ListState) -> dict[str, Any]:
    """Answer what stands around the rows: it depends on the address and the reader alone."""
    bulk = _bulk(spec, request)
    return {
        "spec": spec,
        "heading": gettext(spec.title),
        "purpose": gettext(spec.purpose),
        "here": request.path,
        "query": state.query(),
        "fields": [_field(state, each) for each in spec.filters],
        "chips": _chips(request, state),
        "clear_href": f"{request.path}?{state.query(without=state.filters) or f'view={ALL}'}",
        "is_narrowed": bool(state.filters),
        "kept": _kept(state),
        "bulk": bulk,
        "selects_all": bool(bulk) and request.GET.get("select") == "page",
        "sizes": [_size(request, state, size) for size in SIZES],
        "first_href": f"{request.path}?{state.query()}" if state.cursor else "",
        "chooser": _chooser(spec, state),
        "export_href": export_href(actor_of(request), spec.export, state.query(without=("view",))),
        "personal": spec.is_personal,
    }


def _views(request: HttpRequest, state: ListState, kept: Keeping) -> dict[str, Any]:
    """Answer the kept views as tabs, and what may be done with the one that is open."""
    current = kept.view(state.view)
    edited = current is not None and is_edited(state, current)
    query = state.query(without=("view",), cols=_columns_said(state))
    return {
        "views": [
            Link(
                each.name,
                _view_href(request, each),
                each is current,
                ("edited" if edited and each is current else "")
                or ("shared" if each.is_shared and not each.is_mine else ""),
            )
            for each in kept.views
        ],
        "all_href": f"{request.path}?view={ALL}" if kept.default else request.path,
        "view": current,
        "view_query": query,
        "column_query": state.query(without=("cols",)),
        "is_edited": edited,
        "is_default": current is not None and str(current.public_id) == kept.default,
        "shows_all": current is None and not state.filters,
    }


def _columns_said(state: ListState) -> str:
    usual = state.spec.shown_columns
    return "" if state.columns == usual else ".".join(state.columns)


def _view_href(request: HttpRequest, view: SavedView | None) -> str:
    if view is None:
        return request.path
    return "&".join(filter(None, [f"{request.path}?view={view.public_id}", view.query]))


def _row(row: ListRow, columns: Sequence[Column], widths: Mapping[str, int]) -> DrawnRow:
    cells = tuple(
        RowCell(row.cells.get(column.code, Cell.dash()), column.numeric, widths.get(column.code))
        for column in columns
    )
    fits = len(row.actions) <= ACTIONS_VISIBLE_MAX
    visible = row.actions if fits else row.actions[: ACTIONS_VISIBLE_MAX - 1]
    return DrawnRow(row.id, row.href, cells, visible, row.actions[len(visible) :])


def _head(
    request: HttpRequest, state: ListState, column: Column, widths: Mapping[str, int]
) -> HeadCell:
    href, order = "", ""
    if state.sort_code == column.code:
        order = "descending" if state.descending else "ascending"
    if column.sorts:
        wanted = column.code if order == "descending" else f"-{column.code}"
        href = f"{request.path}?{state.query(sort=wanted)}"
    title, words = gettext(column.title), gettext(column.help) if column.help else ""
    return HeadCell(column.code, title, column.numeric, words, href, order, widths.get(column.code))


def _field(state: ListState, one: Filter) -> Field:
    chosen = state.filters.get(one.code, "")
    options: tuple[Link, ...] = ()
    if one.kind == "choice":
        options = tuple(
            Link(
                each.title if each.is_data else gettext(each.title),
                each.code,
                each.code == chosen,
                "" if each.count is None else f"{each.count:,}",
            )
            for each in one.choices
        )
    elif one.kind == "days":
        options = tuple(
            Link(gettext(title), code, code == chosen) for code, title in PRESETS.items()
        )
    return Field(
        code=one.code,
        title=gettext(one.title),
        kind=one.kind,
        help=gettext(one.help) if one.help else "",
        value=chosen,
        first=state.filters.get(f"{one.code}_from", ""),
        last=state.filters.get(f"{one.code}_to", ""),
        options=options,
    )


def _chips(request: HttpRequest, state: ListState) -> list[Link]:
    """Say every filter that is set, each with the way to the list without it."""
    return [
        Link(
            gettext(one.title),
            f"{request.path}?{state.query(without=one.keys)}",
            detail=_said(state, one),
        )
        for one in state.spec.filters
        if state.asks(one)
    ]


def _said(state: ListState, one: Filter) -> str:
    """Say what a filter is set to, in the reader's language."""
    value = state.filters.get(one.code, "")
    match one.kind:
        case "choice":
            known = next(each for each in one.choices if each.code == value)
            return known.title if known.is_data else gettext(known.title)
        case "flag":
            return gettext("yes")
        case "days" if value:
            return gettext(PRESETS[value])
        case "text":
            return value
        case _:
            return _said_range(
                state.filters.get(f"{one.code}_from", ""), state.filters.get(f"{one.code}_to", "")
            )


def _said_range(first: str, last: str) -> str:
    if first and last:
        return first if first == last else f"{first} – {last}"
    if first:
        return gettext("from %(first)s") % {"first": first}
    return gettext("up to %(last)s") % {"last": last}


def _kept(state: ListState) -> list[tuple[str, str]]:
    """Answer what the filter form must carry along besides the filters themselves."""
    kept = {"sort": state.sort if state.sort != state.spec.sort else ""}
    kept["cols"] = ".".join(state.columns) if state.names_columns else ""
    kept["size"] = str(state.size) if state.size != SIZE_DEFAULT else ""
    kept["view"] = state.view
    return [(name, value) for name, value in kept.items() if value]


def _bulk(spec: ListSpec, request: HttpRequest) -> list[tuple[Bulk, str]]:
    actor = actor_of(request)
    return [(each, reverse(each.href_name)) for each in spec.bulk if actor.may(each.permission)]


def _size(request: HttpRequest, state: ListState, size: int) -> Link:
    return Link(str(size), f"{request.path}?{state.query(size=str(size))}", size == state.size)


def _chooser(spec: ListSpec, state: ListState) -> list[tuple[str, str, bool]]:
    """Answer every column but the first: the shown ones in their order, then the others."""
    shown = state.columns[1:]
    others = [each.code for each in spec.columns[1:] if each.code not in shown]
    return [
        (code, gettext(column.title), code in shown)
        for code in (*shown, *others)
        if (column := spec.column(code)) is not None
    ]


def export_href(actor: Actor, what: str | None, query: str) -> str:
    """Lead to the file of a list, narrowed like this, where the reader may make one."""
    if what is None or not actor.may(EXPORTS):
        return ""
    page = address_of("console-export-new")
    return f"{page}?{urlencode({'what': what, 'query': query})}" if page else ""
