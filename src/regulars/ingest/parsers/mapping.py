"""Decide which column means what: by synonyms, by what was said last time, or by a mapping file.

A mapping file is JSON or YAML. Its short form names columns: `{phone: 联系电话, name: null}`. Its
long form adds what only people know: `columns`, `states` (their word → ours), `constants` (a
field's value where the file has no column), `date_order` (ymd, mdy, dmy), `return_prefix`
(order numbers that begin so are returns), `region` (whose phone numbers lack a country code).
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import yaml

from regulars.ingest.domain.files import FileKind, HeaderMissing, MapColumnMissing, MapUnreadable
from regulars.ingest.parsers.sheets import header_key
from regulars.ingest.parsers.words import LEFT_BY_MEMBERS, REQUIRED, STATE_KEYS, SYNONYM_KEYS

MAP_BYTES_MAX = 1_000_000

_EXTRAS = ("states", "constants", "date_order", "return_prefix", "region")
_LONG_KEYS = frozenset(["columns", *_EXTRAS])
_DATE_ORDERS = ("ymd", "mdy", "dmy")
_GENERIC_AMOUNTS = frozenset(header_key(word) for word in ("金额", "总金额", "amount", "total"))


@dataclass(frozen=True, slots=True)
class ColumnMapping:
    """Which header of a sheet holds which field, and what else was said about the sheet.

    `left` are the headers nobody reads; `balances` those of them that hold points, growth or
    stored value, which only `import balances` reads.
    """

    kind: FileKind
    layout: str
    columns: Mapping[str, str]
    left: tuple[str, ...] = ()
    states: Mapping[str, str] = field(default_factory=dict)
    constants: Mapping[str, str] = field(default_factory=dict)
    date_order: str = "ymd"
    return_prefix: str = ""
    region: str = ""

    @property
    def balances(self) -> tuple[str, ...]:
        """Name the balance columns that this import leaves alone."""
        if self.kind is FileKind.BALANCES:
            return ()
        return tuple(header for header in self.left if header_key(header) in LEFT_BY_MEMBERS)

    @property
    def has_lines(self) -> bool:
        """Tell whether a row may be one line of an order rather than a whole order."""
        return any(name in self.columns for name in ("sku", "line_name", "quantity", "line_amount"))

    @property
    def gathers(self) -> bool:
        """Tell whether several rows may make one thing."""
        if self.kind is FileKind.ORDERS:
            return self.has_lines
        return self.kind in (FileKind.LINES, FileKind.BALANCES)


@dataclass(frozen=True, slots=True)
class _Layout:
    name: str
    kind: FileKind
    marks: frozenset[str]
    return_prefix: str = ""


def _layout(name: str, kind: FileKind, marks: str, return_prefix: str = "") -> _Layout:
    return _Layout(name, kind, frozenset(map(header_key, marks.split())), return_prefix)


LAYOUTS = (
    _layout("youzan.customers", FileKind.MEMBERS, "客户手机号 成为客户时间 客户积分"),
    _layout("youzan.customers", FileKind.BALANCES, "客户手机号 成为客户时间 客户积分"),
    _layout("youzan.orders", FileKind.ORDERS, "订单号 买家付款时间 订单实付金额 交易成功时间"),
    _layout("youzan.lines", FileKind.LINES, "订单号 商品实际成交金额 商品已退款金额"),
    _layout("online_retail", FileKind.ORDERS, "InvoiceNo StockCode InvoiceDate UnitPrice", "C"),
)


def propose_mapping(kind: FileKind, headers: Sequence[str]) -> ColumnMapping:
    """Map a sheet by the names of its columns; may be incomplete: `require_fields` says so."""
    by_key: dict[str, str] = {}
    for header in headers:
        by_key.setdefault(header_key(header), header)
    columns: dict[str, str] = {}
    taken: set[str] = set()
    for name, keys in SYNONYM_KEYS[kind].items():
        for key in keys:
            header = by_key.get(key, "")
            if header and header not in taken:
                columns[name] = header
                taken.add(header)
                break
    columns = _lines_own_amounts(columns)
    known = _known_layout(kind, set(by_key))
    return ColumnMapping(
        kind=kind,
        layout=known.name if known else "free",
        columns=columns,
        left=tuple(header for header in headers if header not in taken),
        return_prefix=known.return_prefix if known else "",
    )


def require_fields(mapping: ColumnMapping) -> ColumnMapping:
    """Answer the mapping if the kind's necessary fields are in it; raises HeaderMissing."""
    for group in REQUIRED[mapping.kind]:
        if not any(name in mapping.columns or name in mapping.constants for name in group):
            raise HeaderMissing(needed=" / ".join(group))
    return mapping


def adjust_mapping(
    mapping: ColumnMapping, said: Mapping[str, Any], headers: Sequence[str]
) -> ColumnMapping:
    """Lay what a person said over a mapping. Raises MapUnreadable, MapColumnMissing."""
    is_long = any(key in _LONG_KEYS and key not in SYNONYM_KEYS[mapping.kind] for key in said)
    columns = dict(mapping.columns)
    for name, header in _named(mapping.kind, said.get("columns", {}) if is_long else said).items():
        columns = {other: held for other, held in columns.items() if held != header}
        columns.pop(name, None)
        if header is not None:
            columns[name] = _existing(header, headers)
    extras = _extras(said) if is_long else {}
    states = {header_key(word): state for word, state in extras.get("states", {}).items()}
    return replace(
        mapping,
        columns=columns,
        left=tuple(header for header in headers if header not in set(columns.values())),
        states={**mapping.states, **states},
        constants={**mapping.constants, **extras.get("constants", {})},
        date_order=extras.get("date_order", mapping.date_order),
        return_prefix=extras.get("return_prefix", mapping.return_prefix),
        region=extras.get("region", mapping.region),
    )


def read_map_file(path: Path) -> dict[str, Any]:
    """Read a mapping file, JSON or YAML. Raises MapUnreadable."""
    try:
        if path.stat().st_size > MAP_BYTES_MAX:
            raise MapUnreadable(problem="the file is too large")
        text = path.read_text(encoding="utf-8-sig")
        said = json.loads(text) if path.suffix.lower() == ".json" else yaml.safe_load(text)
    except (OSError, ValueError, yaml.YAMLError) as error:
        raise MapUnreadable(problem=type(error).__name__) from error
    if not isinstance(said, dict) or not all(isinstance(key, str) for key in said):
        raise MapUnreadable(problem="it must name fields and columns")
    return said


def as_said(mapping: ColumnMapping) -> dict[str, Any]:
    """Write a mapping in the long form of a mapping file, to be shown, kept and adjusted."""
    said: dict[str, Any] = {"columns": dict(mapping.columns)}
    if mapping.states:
        said["states"] = dict(mapping.states)
    if mapping.constants:
        said["constants"] = dict(mapping.constants)
    if mapping.date_order != "ymd":
        said["date_order"] = mapping.date_order
    if mapping.return_prefix:
        said["return_prefix"] = mapping.return_prefix
    if mapping.region:
        said["region"] = mapping.region
    return said


def _known_layout(kind: FileKind, keys: set[str]) -> _Layout | None:
    return next((known for known in LAYOUTS if known.kind is kind and known.marks <= keys), None)


def _lines_own_amounts(columns: dict[str, str]) -> dict[str, str]:
    """In a sheet of lines, a column that is only called “amount” is the line's."""
    paid = columns.get("paid")
    is_lines = "quantity" in columns and ("sku" in columns or "line_name" in columns)
    if paid and is_lines and "line_amount" not in columns and header_key(paid) in _GENERIC_AMOUNTS:
        del columns["paid"]
        columns["line_amount"] = paid
    return columns


def _named(kind: FileKind, said: Any) -> dict[str, str | None]:
    """Read field → column, or column → field where somebody wrote it the other way round."""
    if not isinstance(said, Mapping):
        raise MapUnreadable(problem="columns must be a list of names")
    fields = SYNONYM_KEYS[kind]
    named: dict[str, str | None] = {}
    for key, value in said.items():
        if key in fields and (value is None or isinstance(value, str)):
            named[key] = value
        elif isinstance(value, str) and value in fields:
            named[value] = str(key)
        else:
            raise MapUnreadable(problem=f"“{key}” is not a field of {kind.value}")
    return named


def _existing(header: str, headers: Sequence[str]) -> str:
    if header in headers:
        return header
    key = header_key(header)
    for candidate in headers:
        if header_key(candidate) == key:
            return candidate
    raise MapColumnMissing(column=header)


def _extras(said: Mapping[str, Any]) -> dict[str, Any]:
    extras = {key: said[key] for key in _EXTRAS if said.get(key) is not None}
    unknown = set(said) - _LONG_KEYS
    if unknown:
        raise MapUnreadable(problem=f"“{min(unknown)}” is not a setting")
    for name in ("states", "constants"):
        if not isinstance(extras.get(name, {}), Mapping):
            raise MapUnreadable(problem=f"{name} must be a list of names and values")
        extras[name] = {str(key): str(value) for key, value in extras.get(name, {}).items()}
    if not set(extras["states"].values()) <= set(STATE_KEYS.values()):
        raise MapUnreadable(
            problem="states must lead to created, paid, completed, closed, refunded"
        )
    if extras.get("date_order", "ymd") not in _DATE_ORDERS:
        raise MapUnreadable(problem="date_order is ymd, mdy or dmy")
    for name in ("return_prefix", "region"):
        if name in extras:
            extras[name] = str(extras[name])
    return extras
