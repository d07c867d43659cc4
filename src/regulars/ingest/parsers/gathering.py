"""Look over the keys of a file first, so that its rows can be gathered in little memory.

The lines of an order mostly stand together, but not always; the same member should stand in a
file once, but does not. One pass keeps eight bytes a row and tells which keys lie apart, which
rows repeat another and which contradict it.
"""

from array import array
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from regulars.ingest.domain.files import CellRefused, OrdersScattered
from regulars.ingest.parsers.text_files import Record

SCATTERED_ROWS_MAX = 200_000

Group = list[Record]
KeyOf = Callable[[list[str]], str]


@dataclass(frozen=True, slots=True)
class Survey:
    """What the first pass has told.

    `together` says that rows with one key make one thing. `last_rows` holds, for keys whose rows
    lie apart, the row of the last one. `copies` are rows that say again what an earlier row said;
    `contradictions` lead to the earlier row that said something else.
    """

    rows: int
    together: bool = False
    last_rows: dict[int, int] = field(default_factory=dict)
    copies: frozenset[int] = frozenset()
    contradictions: dict[int, int] = field(default_factory=dict)


def survey_rows(rows: Iterator[Record], key_of: KeyOf, *, may_repeat: bool) -> Survey:
    """Pass over the rows once. `may_repeat` says that rows with one key belong together.

    Raises OrdersScattered when too many rows would have to wait for their siblings.
    """
    return _survey_runs(rows, key_of) if may_repeat else _survey_rows(rows, key_of)


def gather(rows: Iterator[Record], key_of: KeyOf, survey: Survey) -> Iterator[Group]:
    """Yield the rows of one key together, in the order in which the groups are complete.

    Rows without a key, and rows with a problem, come alone.
    """
    if not survey.together:
        yield from ([record] for record in rows)
        return
    open_key, open_group = "", list[Record]()
    waiting: dict[int, Group] = {}
    for record in rows:
        row, cells, problem = record
        key = "" if problem is not None else key_of(cells)
        mark = hash(key) if key else 0
        if mark and mark in survey.last_rows:
            waiting.setdefault(mark, []).append(record)
            if survey.last_rows[mark] == row:
                yield waiting.pop(mark)
            continue
        if key and key == open_key:
            open_group.append(record)
            continue
        if open_group:
            yield open_group
        open_key, open_group = key, [record]
    if open_group:
        yield open_group
    yield from waiting.values()


def problem_of(group: Group) -> CellRefused | None:
    """Answer the first problem of a group, if any."""
    return next((problem for _, _, problem in group if problem is not None), None)


def _survey_runs(rows: Iterator[Record], key_of: KeyOf) -> Survey:
    """Find the keys whose rows come in more than one run, and the last row of each."""
    runs, lengths, ends = array("q"), array("q"), array("q")
    count = 0
    current = 0
    for row, cells, problem in rows:
        count += 1
        key = "" if problem is not None else key_of(cells)
        mark = hash(key) if key else 0
        if mark == 0 or mark != current:
            runs.append(mark)
            lengths.append(0)
            ends.append(0)
        current = mark
        lengths[-1] += 1
        ends[-1] = row
    last: dict[int, int] = {}
    waiting = 0
    for group in _repeats(runs):
        last[runs[group[-1]]] = ends[group[-1]]
        waiting += sum(lengths[place] for place in group)
        if waiting > SCATTERED_ROWS_MAX:
            raise OrdersScattered
    return Survey(rows=count, together=True, last_rows=last)


def _survey_rows(rows: Iterator[Record], key_of: KeyOf) -> Survey:
    """Find the rows that repeat or contradict an earlier row with the same key."""
    keys, bodies, numbers = array("q"), array("q"), array("q")
    for row, cells, problem in rows:
        key = "" if problem is not None else key_of(cells)
        keys.append(hash(key) if key else 0)
        bodies.append(hash(tuple(cells)))
        numbers.append(row)
    copies: set[int] = set()
    contradictions: dict[int, int] = {}
    for first, *others in _repeats(keys):
        for place in others:
            if bodies[place] == bodies[first]:
                copies.add(numbers[place])
            else:
                contradictions[numbers[place]] = numbers[first]
    return Survey(rows=len(keys), copies=frozenset(copies), contradictions=contradictions)


def _repeats(marks: "array[int]") -> Iterator[list[int]]:
    """Yield, for every mark but 0 that stands more than once, its places in order."""
    order = sorted(range(len(marks)), key=marks.__getitem__)
    group: list[int] = []
    for place in order:
        if group and marks[group[-1]] == marks[place]:
            group.append(place)
            continue
        if len(group) > 1 and marks[group[0]]:
            yield group
        group = [place]
    if len(group) > 1 and marks[group[0]]:
        yield group
