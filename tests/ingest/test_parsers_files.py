"""Files of every encoding and shape: what is read, what is refused, and how much memory it takes."""

import io
import os
import re
import resource
import subprocess
import sys
import time
import tracemalloc
import zipfile
from pathlib import Path

import pytest
import xlsxwriter
from hypothesis import example, given, settings
from hypothesis import strategies as st

from regulars.ingest.domain import files
from regulars.ingest.domain.files import FileKind, FileLimits
from regulars.ingest.parsers.sheets import open_sheet
from regulars.ingest.parsers.words import KNOWN_HEADERS
from tests.ingest.reading import a_csv, a_workbook, csv_text, mapped, opened
from tests.sizes import size

HEADER = ["会员手机号", "姓名", "备注"]
ROWS = [["13800138000", "林小茶", "好,客"], ["13800138001", "欧阳🍵", "第一行\n第二行"]]


def cells_of(path: Path, kind: str = "members") -> list[list[str]]:
    return [cells for _, cells, _ in opened(path, kind).iter_rows()]


class TestEncodings:
    @pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16", "utf-16-le"])
    @pytest.mark.parametrize("name", ["file.csv", "FILE.CSV.GZ"])
    def test_reads_what_shops_export(self, tmp_path: Path, encoding: str, name: str) -> None:
        if encoding == "utf-16-le":
            rows = [["phone", "name", "note"], ["13800138000", "Ann Lee", "x" * 50]]
        else:
            rows = [HEADER, *ROWS]
        path = a_csv(tmp_path, rows, name=name.lower(), encoding=encoding)

        sheet = opened(path, "members")

        assert list(sheet.headers) == rows[0]
        assert [cells for _, cells, _ in sheet.iter_rows()] == rows[1:]

    def test_reads_a_western_file(self, tmp_path: Path) -> None:
        text = "phone,name\n13800138000,caf\xe9 \xa35 na\xefve\n13800138001,x\n"
        path = tmp_path / "f.csv"
        path.write_bytes(text.encode("cp1252"))

        assert cells_of(path)[0] == ["13800138000", "café £5 naïve"]

    def test_blames_the_row_for_a_few_broken_bytes(self, tmp_path: Path) -> None:
        lines = ["手机号,姓名"] + [f"1380013{i:04},林小茶" for i in range(200)]
        data = "\n".join(lines).encode()
        path = tmp_path / "f.csv"
        path.write_bytes(data.replace("林小茶".encode(), b"\xff\xfe\xff", 1))

        rows = list(opened(path, "members").iter_rows())

        assert [row for row, _, problem in rows if problem] == [2]
        assert isinstance(rows[0][2], files.BrokenCharacters)
        assert rows[1][1][1] == "林小茶"

    @pytest.mark.parametrize("delimiter", [",", ";", "\t"])
    def test_finds_the_delimiter(self, tmp_path: Path, delimiter: str) -> None:
        path = a_csv(tmp_path, [HEADER, *ROWS], delimiter=delimiter)

        assert cells_of(path) == ROWS

    @settings(max_examples=40)
    @given(
        rows=st.lists(
            st.lists(
                st.text(st.characters(codec="utf-8", exclude_categories=["Cs", "Cc"]), max_size=8),
                min_size=3, max_size=3,
            ), min_size=1, max_size=8,
        ),
        encoding=st.sampled_from(["utf-8", "utf-8-sig", "utf-16"]),
        delimiter=st.sampled_from([",", ";", "\t"]),
    )  # fmt: skip
    @example(rows=[["", "", ","]] * 3 + [["", ",", ","]], encoding="utf-8", delimiter=";")
    def test_loses_no_cell_of_any_file(
        self, tmp_path: Path, rows: list[list[str]], encoding: str, delimiter: str
    ) -> None:
        rows = [[f"x{cell}" for cell in row] for row in rows]
        path = a_csv(tmp_path, [HEADER, *rows], encoding=encoding, delimiter=delimiter)

        sheet = opened(path, "members")

        assert [cells for _, cells, _ in sheet.iter_rows()] == rows


class TestTables:
    def test_finds_the_header_under_a_title(self, tmp_path: Path) -> None:
        rows = [["2024年客户导出", "", ""], ["", "", ""], HEADER, *ROWS, ["合计", "2", ""]]
        sheet = opened(a_csv(tmp_path, rows), "members")

        assert sheet.headers == tuple(HEADER)
        assert sheet.header_row == 3
        assert [row for row, _, _ in sheet.iter_rows()] == [4, 5]

    def test_leaves_out_a_sum_nobody_labelled(self, tmp_path: Path) -> None:
        rows = [["订单号", "实付", "日期"], ["E1", "10", "2024-01-01"], ["", "10", ""]]

        assert len(cells_of(a_csv(tmp_path, rows), "orders")) == 1

    def test_finds_the_header_by_a_single_known_word(self, tmp_path: Path) -> None:
        rows = [
            ["报表", "", ""],
            ["手机号*", "甲栏", ""],
            ["13800138000", "a", "b"],
            ["13800138001", "c", "d"],
        ]

        assert opened(a_csv(tmp_path, rows), "members").header_row == 2

    def test_units_and_marks_in_headers_do_not_matter(self, tmp_path: Path) -> None:
        rows = [["*订单号", "实付金额（元）", "下单时间(必填)"], ["1", "2", "2024-01-05"]]

        assert set(mapped(opened(a_csv(tmp_path, rows), "orders"), "orders").columns) == {
            "number",
            "paid",
            "created_at",
        }

    def test_tells_two_columns_of_one_name_apart(self, tmp_path: Path) -> None:
        rows = [["手机号", "分销员", "分销员"], ["13800138000", "甲", "乙"]]

        assert opened(a_csv(tmp_path, rows), "members").headers == (
            "手机号",
            "分销员",
            "分销员 (2)",
        )

    def test_reads_the_same_header_in_another_order_as_the_same_layout(
        self, tmp_path: Path
    ) -> None:
        one = opened(a_csv(tmp_path, [HEADER, *ROWS], name="a.csv"), "members")
        other = opened(a_csv(tmp_path, [HEADER[::-1], ROWS[0]], name="b.csv"), "members")

        assert one.signature == other.signature

    def test_fills_short_rows_and_blames_wide_ones(self, tmp_path: Path) -> None:
        path = tmp_path / "f.csv"
        path.write_text(
            "手机号,姓名,金额\n13800138000\n13800138001,林,1,234.50\n\n13800138002,王,5,,\n"
        )

        rows = list(opened(path, "members").iter_rows())

        assert rows[0][1] == ["13800138000", "", ""]
        assert isinstance(rows[1][2], files.RowTooWide)
        assert [row for row, _, _ in rows] == [2, 3, 5]
        assert rows[2][2] is None

    @pytest.mark.parametrize("content", ["", "\n\n", "\ufeff"])
    def test_refuses_an_empty_file(self, tmp_path: Path, content: str) -> None:
        path = tmp_path / "f.csv"
        path.write_text(content)

        with pytest.raises(files.FileEmpty):
            opened(path, "members")


@pytest.mark.reliability("RJ1")
class TestBrokenText:
    def test_a_null_byte_costs_its_row(self, tmp_path: Path) -> None:
        path = tmp_path / "f.csv"
        path.write_bytes(b"phone,name\n13800138000,A\n1380013\x008001,B\n13800138002,C\n")

        rows = list(opened(path, "members").iter_rows())

        assert [type(problem) for _, _, problem in rows] == [type(None), files.NullByte, type(None)]

    def test_an_open_quotation_mark_costs_its_row(self, tmp_path: Path) -> None:
        lines = [f"1380013{i:04},name{i}" for i in range(1_000)]
        lines[300] = '13800130300,"never closed'
        path = tmp_path / "f.csv"
        path.write_text("phone,name\n" + "\n".join(lines) + "\n")

        rows = list(opened(path, "members").iter_rows())

        assert len(rows) == 1_000
        assert [row for row, _, problem in rows if problem] == [302]
        assert isinstance(rows[300][2], files.RowTooLong)

    def test_a_quotation_mark_open_at_the_end_costs_its_row(self, tmp_path: Path) -> None:
        path = tmp_path / "f.csv"
        path.write_text('phone,name\n13800138000,"open\n13800138001,B\n13800138002,C\n')

        rows = list(opened(path, "members").iter_rows())

        assert [bool(problem) for _, _, problem in rows] == [True, False, False]

    def test_a_quotation_mark_behind_a_stray_one_costs_its_row(self, tmp_path: Path) -> None:
        path = tmp_path / "f.csv"
        path.write_text('phone,name\na","\n13800138001,B\n13800138002,C\n')

        rows = list(opened(path, "members").iter_rows())

        assert [bool(problem) for _, _, problem in rows] == [True, False, False]

    @pytest.mark.parametrize("ending", ["\n", "\r\n", "\r", ""])
    def test_any_line_ending_will_do(self, tmp_path: Path, ending: str) -> None:
        path = tmp_path / "f.csv"
        lines = ["phone,name", "13800138000,A", "13800138001,B"]
        path.write_bytes((ending or "\r").join(lines).encode() + ending.encode())

        assert cells_of(path) == [["13800138000", "A"], ["13800138001", "B"]]

    def test_an_endless_line_costs_its_row(self, tmp_path: Path) -> None:
        path = tmp_path / "f.csv"
        with path.open("w") as stream:
            stream.write("phone,name\n13800138000,A\n13800138001,")
            for _ in range(50):
                stream.write("x" * 1_000_000)
            stream.write("\n13800138002,C\n")

        tracemalloc.start()
        rows = list(opened(path, "members").iter_rows())
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()

        assert [type(problem) for _, _, problem in rows] == [
            type(None),
            files.RowTooLong,
            type(None),
        ]
        assert peak < 30_000_000

    def test_a_gzip_bomb_is_refused(self, tmp_path: Path) -> None:
        import gzip

        path = tmp_path / "f.csv.gz"
        with gzip.open(path, "wb") as stream:
            for _ in range(64):
                stream.write(b"0" * 1_000_000)

        with pytest.raises(files.FileExplodes):
            opened(path, "members")

    def test_more_than_the_limit_is_refused(self, tmp_path: Path) -> None:
        path = a_csv(tmp_path, [HEADER] + [["1", "2", str(i)] for i in range(50_000)])

        with pytest.raises(files.FileTooLarge):
            opened(path, "members", limits=FileLimits(unpacked_bytes_max=100_000))

    @pytest.mark.parametrize(
        ("name", "content", "refusal"),
        [
            ("f.csv", b"PK\x03\x04 zipped", files.FileTypeUnknown),
            ("f.csv", b"<html><table><tr><td>1</td></tr></table>", files.FileTypeUnknown),
            ("f.csv.gz", b"phone,name\n1,2\n", files.FileTypeUnknown),
            ("f.csv.gz", b"\x1f\x8b\x08\x00broken", files.ArchiveBroken),
            ("f.xls", b"\xd0\xcf\x11\xe0", files.FileTypeUnknown),
            ("f.exe", b"MZ", files.FileTypeUnknown),
            ("f.xlsm", b"PK\x03\x04", files.MacroFile),
            ("f.xlsx", b"phone,name\n1,2\n", files.ArchiveBroken),
        ],
    )
    def test_a_wrong_name_is_refused(
        self, tmp_path: Path, name: str, content: bytes, refusal: type[files.FileRefused]
    ) -> None:
        path = tmp_path / name
        path.write_bytes(content)

        with pytest.raises(refusal):
            opened(path, "members")

    def test_a_missing_file_is_a_sentence(self, tmp_path: Path) -> None:
        with pytest.raises(files.FileUnreadable):
            opened(tmp_path / "none.csv", "members")

    def test_a_header_of_ten_thousand_columns_is_refused(self, tmp_path: Path) -> None:
        header = ["手机号", "姓名", *(f"c{i}" for i in range(10_000))]

        with pytest.raises(files.HeaderTooWide):
            opened(a_csv(tmp_path, [header, ["1", "2"]]), "members")

    @settings(max_examples=60)
    @given(data=st.binary(min_size=1, max_size=400))
    def test_any_bytes_are_read_or_refused(self, tmp_path: Path, data: bytes) -> None:
        path = tmp_path / "f.csv"
        path.write_bytes(b"phone,name\n" + data)

        try:
            list(opened(path, "members").iter_rows())
        except files.FileRefused:
            return

    @settings(max_examples=60)
    @given(data=st.text(alphabet='ab,"\n\r', max_size=200))
    def test_any_quoting_leaves_the_good_rows_behind_it(self, tmp_path: Path, data: str) -> None:
        path = tmp_path / "f.csv"
        path.write_text("phone,name\n" + data + "\n" + "13800138000,A\n" * 3)

        rows = list(opened(path, "members").iter_rows())

        assert [cells for _, cells, problem in rows if problem is None][-2:] == [
            ["13800138000", "A"]
        ] * 2


class TestMemory:
    @pytest.mark.reliability("RJ1")
    def test_does_not_grow_with_the_file(self, tmp_path: Path) -> None:
        path = tmp_path / "f.csv"
        rows = size(ci=100_000, soak=2_000_000)
        with path.open("w") as stream:
            stream.write("phone,name\n")
            for i in range(rows):
                stream.write(f"1380000{i:07},name {i}\n")

        tracemalloc.start()
        count = sum(1 for _ in opened(path, "members").iter_rows())
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()

        assert count == rows
        assert peak < 25_000_000


class TestWorkbooks:
    def test_reads_cells_as_a_csv_would_say_them(self, tmp_path: Path) -> None:
        path = tmp_path / "f.xlsx"
        with xlsxwriter.Workbook(path) as workbook:
            sheet = workbook.add_worksheet()
            sheet.merge_range(0, 0, 0, 5, "客户导出 2024")
            sheet.write_row(1, 0, ["手机号", "生日", "金额", "是否会员", "卡号", "合计公式"])
            sheet.write_number(2, 0, 13800138000)
            sheet.write_datetime(
                2,
                1,
                __import__("datetime").datetime(1990, 5, 17),
                workbook.add_format({"num_format": "yyyy-mm-dd"}),
            )
            sheet.write_number(2, 2, 1234.5)
            sheet.write_boolean(2, 3, True)
            sheet.write_number(2, 4, 12345678901234567890)
            sheet.write_formula(2, 5, "=1+1", None, 2)

        read = opened(path, "members")

        assert read.header_row == 2
        assert [cells for _, cells, _ in read.iter_rows()] == [
            ["13800138000", "1990-05-17", "1234.5", "TRUE", "1.234568E+19", "2"]
        ]

    def test_reads_the_first_sheet_that_is_shown(self, tmp_path: Path) -> None:
        path = tmp_path / "f.xlsx"
        with xlsxwriter.Workbook(path) as workbook:
            hidden, shown = workbook.add_worksheet(), workbook.add_worksheet()
            hidden.write_row(0, 0, ["手机号", "no"])
            shown.write_row(0, 0, ["手机号", "姓名"])
            shown.write_row(1, 0, ["13800138000", "林"])
            shown.activate()
            shown.set_first_sheet()
            hidden.hide()

        assert cells_of(path) == [["13800138000", "林"]]

    def test_can_be_read_again_and_again(self, tmp_path: Path) -> None:
        sheet = opened(a_workbook(tmp_path, [HEADER, *ROWS]), "members")

        assert list(sheet.iter_rows()) == list(sheet.iter_rows())

    def test_says_so_when_the_child_gives_up(self, tmp_path: Path) -> None:
        path = a_workbook(
            tmp_path, [HEADER] + [[f"{i}", f"name {i}", "x" * 50] for i in range(20_000)]
        )
        limits = FileLimits(child_memory_bytes_max=1_000_000)

        with pytest.raises(files.SheetUnreadable):
            opened(path, "members", limits=limits)


CONTENT_TYPES = '<?xml version="1.0"?><Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"/>'


def rebuilt(path: Path, changes: dict[str, bytes], *, drop: str = "") -> Path:
    """Write the workbook again with some entries exchanged or added."""
    target = path.with_name("bomb.xlsx")
    with zipfile.ZipFile(path) as old, zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as new:
        for entry in old.infolist():
            if entry.filename not in changes and entry.filename != drop:
                new.writestr(entry, old.read(entry))
        for name, data in changes.items():
            new.writestr(name, data)
    return target


def a_sheet(body: bytes) -> bytes:
    return (
        b'<?xml version="1.0"?><worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main">'
        b"<sheetData>" + body + b"</sheetData></worksheet>"
    )


def one_cell(reference: str) -> bytes:
    row = re.sub("[A-Z]", "", reference)
    return f'<row r="{row}"><c r="{reference}"><v>1</v></c></row>'.encode()


@pytest.mark.reliability("RJ4")
class TestBombs:
    SHEET = "xl/worksheets/sheet1.xml"

    def refused(self, path: Path) -> files.FileRefused:
        started = time.monotonic()
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        with pytest.raises(files.FileRefused) as refusal:
            open_sheet(path, known_headers=KNOWN_HEADERS[FileKind.MEMBERS])
        assert time.monotonic() - started < 2
        assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 200_000
        return refusal.value

    def test_a_sheet_of_gigabytes(self, tmp_path: Path) -> None:
        path = a_workbook(tmp_path, [HEADER, *ROWS])
        target = rebuilt(path, {self.SHEET: a_sheet(b" " * 120_000_000)})

        assert isinstance(self.refused(target), files.FileExplodes)

    def test_an_archive_that_lies_about_its_sizes(self, tmp_path: Path) -> None:
        path = rebuilt(a_workbook(tmp_path, [HEADER]), {self.SHEET: a_sheet(b" " * 50_000_000)})
        data = path.read_bytes()
        with zipfile.ZipFile(path) as archive:
            true_size = archive.getinfo(self.SHEET).file_size
        path.write_bytes(
            data.replace(true_size.to_bytes(4, "little"), (1_000).to_bytes(4, "little"))
        )

        assert isinstance(self.refused(path), files.ArchiveBroken | files.FileExplodes)

    @pytest.mark.parametrize("reference", ["XFD1", "ZZZZZZ1", "B1048577", "ALL1048576"])
    def test_a_cell_at_the_end_of_the_world(self, tmp_path: Path, reference: str) -> None:
        path = a_workbook(tmp_path, [HEADER, *ROWS])
        target = rebuilt(path, {self.SHEET: a_sheet(one_cell("A1") + one_cell(reference))})

        assert isinstance(self.refused(target), files.SheetTooWide)

    def test_a_million_columns(self, tmp_path: Path) -> None:
        cells = b"".join(b"<c><v>%d</v></c>" % (i * 7919 % 1_000_003) for i in range(1_000_000))
        path = a_workbook(tmp_path, [HEADER, *ROWS])
        target = rebuilt(path, {self.SHEET: a_sheet(b"<row>" + cells + b"</row>")})

        assert isinstance(self.refused(target), files.FileRefused)

    def test_a_million_shared_strings(self, tmp_path: Path) -> None:
        strings = b"".join(b"<si><t>%d</t></si>" % (i * 7919 % 1_000_003) for i in range(1_000_000))
        path = a_workbook(tmp_path, [HEADER, *ROWS])
        target = rebuilt(path, {"xl/sharedStrings.xml": b"<sst>" + strings + b"</sst>"})

        assert isinstance(self.refused(target), files.SheetTooWide)

    @pytest.mark.parametrize(
        "declaration",
        [
            b'<!DOCTYPE a [<!ENTITY l "lol"><!ENTITY l2 "&l;&l;&l;&l;">]>',
            b'<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]>',
            b'<!DOCTYPE a SYSTEM "http://127.0.0.1/x.dtd">',
        ],
    )
    def test_a_billion_laughs_and_outside_entities(
        self, tmp_path: Path, declaration: bytes
    ) -> None:
        path = a_workbook(tmp_path, [HEADER, *ROWS])
        target = rebuilt(
            path, {"xl/sharedStrings.xml": b"<?xml version='1.0'?>" + declaration + b"<sst/>"}
        )

        assert isinstance(self.refused(target), files.ArchiveBroken)

    def test_a_hundred_thousand_entries(self, tmp_path: Path) -> None:
        target = rebuilt(
            a_workbook(tmp_path, [HEADER]), {f"xl/media/{i}.xml": b"" for i in range(20_000)}
        )

        assert isinstance(self.refused(target), files.SheetTooWide)

    def test_an_archive_in_the_archive(self, tmp_path: Path) -> None:
        inner = io.BytesIO()
        with zipfile.ZipFile(inner, "w") as archive:
            archive.writestr("x", "y")
        path = a_workbook(tmp_path, [HEADER, *ROWS])

        for name in ("xl/inner.zip", "xl/media/image1.png"):
            assert isinstance(
                self.refused(rebuilt(path, {name: inner.getvalue()})), files.ArchiveBroken
            )

    def test_macros_under_another_name(self, tmp_path: Path) -> None:
        path = a_workbook(tmp_path, [HEADER, *ROWS])

        assert isinstance(self.refused(rebuilt(path, {"xl/vbaProject.bin": b"x"})), files.MacroFile)

    def test_links_to_other_workbooks(self, tmp_path: Path) -> None:
        path = a_workbook(tmp_path, [HEADER, *ROWS])
        target = rebuilt(path, {"xl/externalLinks/externalLink1.xml": b"<externalLink/>"})

        assert isinstance(self.refused(target), files.ArchiveBroken)

    def test_a_zip_that_is_no_workbook(self, tmp_path: Path) -> None:
        path = tmp_path / "f.xlsx"
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("../../etc/passwd", "x")

        assert isinstance(self.refused(path), files.FileTypeUnknown)

    @pytest.mark.parametrize("cut", [0.2, 0.5, 0.9])
    def test_half_a_workbook(self, tmp_path: Path, cut: float) -> None:
        path = a_workbook(tmp_path, [HEADER, *ROWS])
        data = path.read_bytes()
        path.write_bytes(data[: int(len(data) * cut)])

        assert isinstance(self.refused(path), files.ArchiveBroken)


def test_the_parsers_know_no_framework() -> None:
    code = (
        "import sys, regulars.ingest.parsers.catalogue, regulars.ingest.parsers.workbook_child;"
        "sys.exit('django' in sys.modules)"
    )
    environment = {**os.environ, "PYTHONPATH": "src"}

    done = subprocess.run([sys.executable, "-c", code], env=environment, check=False)

    assert done.returncode == 0


def test_csv_text_quotes_what_needs_it() -> None:
    assert csv_text([['a"b', "c,d"]]) == '"a""b","c,d"\n'
