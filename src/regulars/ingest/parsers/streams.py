"""Read a whole sheet as a stream: what it makes, what is wrong with it, what it only repeats."""

from collections.abc import Iterator

from regulars.ingest.domain.files import ReadingRules, RowContradicts, RowProblem
from regulars.ingest.parsers.candidates import Candidate, key_fields
from regulars.ingest.parsers.catalogue import key_reader, parser_for
from regulars.ingest.parsers.gathering import Survey, gather
from regulars.ingest.parsers.mapping import ColumnMapping
from regulars.ingest.parsers.sheets import Sheet
from regulars.ingest.parsers.text_files import Record

Found = Candidate | list[RowProblem] | int


def stream(
    sheet: Sheet, mapping: ColumnMapping, rules: ReadingRules, survey: Survey
) -> Iterator[Found]:
    """Yield candidates and problems in the order of the file; a number counts plain copies."""
    parse = parser_for(sheet.headers, mapping, rules)
    key_of = key_reader(sheet.headers, mapping)
    for group in gather(sheet.iter_rows(), key_of, survey):
        row = group[0][0]
        if row in survey.copies:
            yield 1
        elif row in survey.contradictions:
            yield [_contradiction(mapping, group[0], survey.contradictions[row])]
        else:
            yield parse(group)


def _contradiction(mapping: ColumnMapping, record: Record, other_row: int) -> RowProblem:
    row, cells, _ = record
    field = next(name for name in key_fields(mapping) if name in mapping.columns)
    column = mapping.columns[field]
    refusal = RowContradicts(other_row=other_row, what=column)
    return RowProblem(row, column, refusal.code, refusal.facts, tuple(cells))
