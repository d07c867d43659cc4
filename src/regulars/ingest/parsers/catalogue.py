"""Read stores and products, and choose the parser for a kind of file."""

from collections.abc import Callable, Sequence

from regulars.ingest.domain.files import FileKind, NegativeAmount, ReadingRules, RowProblem
from regulars.ingest.domain.rows import ProductRow, StoreRow
from regulars.ingest.parsers.candidates import (
    Candidate,
    RowReader,
    first_problem,
    key_fields,
    sources_of,
)
from regulars.ingest.parsers.cells import clean, read_amount, read_code, read_currency, read_text
from regulars.ingest.parsers.gathering import Group, KeyOf
from regulars.ingest.parsers.mapping import ColumnMapping
from regulars.ingest.parsers.orders import OrderParser
from regulars.ingest.parsers.people import BalanceParser, MemberParser
from regulars.kit.errors import Refusal
from regulars.kit.periods import zone as find_zone

TEXT_CHARS_MAX = 200
STORE_KINDS = {
    "直营": "shop", "直营店": "shop", "门店": "shop", "实体店": "shop", "旗舰店": "shop",
    "store": "shop", "owned": "shop", "专柜": "counter", "加盟": "franchise", "加盟店": "franchise",
    "网店": "web", "网上商店": "web", "线上": "web", "online": "web", "web_shop": "web",
    "小程序": "mini_program", "仓库": "warehouse",
}  # fmt: skip

Parse = Callable[[Group], Candidate | list[RowProblem]]


def parser_for(headers: Sequence[str], mapping: ColumnMapping, rules: ReadingRules) -> Parse:
    """Answer the function that turns groups of rows of this sheet into candidates."""
    reader = RowReader(headers, mapping, rules)
    match mapping.kind:
        case FileKind.STORES | FileKind.PRODUCTS:
            return CatalogueParser(reader, mapping, rules).parse
        case FileKind.MEMBERS:
            return MemberParser(reader, mapping, rules).parse
        case FileKind.BALANCES:
            return BalanceParser(reader, mapping, rules).parse
        case FileKind.ORDERS | FileKind.LINES:
            return OrderParser(reader, mapping, rules).parse


def key_reader(headers: Sequence[str], mapping: ColumnMapping) -> KeyOf:
    """Answer the function that tells which thing a row is about, as the file writes it."""
    places = {header: place for place, header in enumerate(headers)}
    indexes = [
        places[mapping.columns[name]] for name in key_fields(mapping) if name in mapping.columns
    ]
    if len(indexes) == 1:
        index = indexes[0]
        return lambda cells: cells[index].strip(" \t'\u3000")

    def first_filled(cells: list[str]) -> str:
        for place in indexes:
            if text := cells[place].strip(" \t'\u3000"):
                return f"{place}:{text}" if clean_enough(text) else ""
        return ""

    return first_filled


def clean_enough(text: str) -> bool:
    """Tell whether a key can tell rows apart: masked and blank ones cannot."""
    return "*" not in text and text.strip("-—－/") != ""


class CatalogueParser:
    """Turn rows into stores or products."""

    def __init__(self, reader: RowReader, mapping: ColumnMapping, rules: ReadingRules) -> None:
        self._reader = reader
        self._rules = rules
        self._is_stores = mapping.kind is FileKind.STORES

    def parse(self, group: Group) -> Candidate | list[RowProblem]:
        """Answer the store or product the row describes, or what is wrong with it."""
        reader = self._reader
        if problems := first_problem(reader, group):
            return problems
        reader.row, reader.cells = group[0][0], group[0][1]
        try:
            if self._is_stores:
                return Candidate(sources=sources_of(group), store=self._store())
            return Candidate(sources=sources_of(group), product=self._product())
        except Refusal as refusal:
            return reader.problems(refusal, group)

    def _store(self) -> StoreRow:
        reader = self._reader
        name = read_text(reader.raw("name"), TEXT_CHARS_MAX)
        code = read_code(reader.raw("code")) or name
        kind = read_text(reader.raw("kind"), 40)
        zone = clean(reader.raw("zone"))
        if zone:
            find_zone(zone)
        return StoreRow(
            code=reader.needed(code), name=name or code,
            region=read_text(reader.raw("region"), TEXT_CHARS_MAX) or None,
            brand=read_text(reader.raw("brand"), TEXT_CHARS_MAX) or None,
            kind=STORE_KINDS.get(kind, kind) or None, zone=zone or None,
        )  # fmt: skip

    def _product(self) -> ProductRow:
        reader = self._reader
        name = read_text(reader.raw("name"), TEXT_CHARS_MAX)
        sku = read_code(reader.raw("sku")) or name[:128]
        reader.raw("sku" if reader.has("sku") else "name")
        reader.needed(sku)
        category = read_text(reader.raw("category"), TEXT_CHARS_MAX)
        for separator in (">", "＞", "-->", "\\"):
            category = category.replace(separator, "/")
        return ProductRow(
            sku=sku, name=name or sku, category=category or None,
            brand=read_text(reader.raw("brand"), TEXT_CHARS_MAX) or None,
            price=self._price("price"), cost=self._price("cost"),
            currency=read_currency(reader.raw("currency")) or self._rules.currency,
        )  # fmt: skip

    def _price(self, field: str) -> str | None:
        text = read_amount(self._reader.raw(field))
        if text.startswith("-"):
            raise NegativeAmount
        return text or None
