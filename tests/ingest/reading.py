"""Short ways to read a file in a test: from rows to candidates and problems, without a database."""

import gzip
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import xlsxwriter

from regulars.ingest.domain.files import FileKind, FileLimits, ReadingRules, RowProblem
from regulars.ingest.parsers.candidates import Candidate
from regulars.ingest.parsers.catalogue import key_reader
from regulars.ingest.parsers.gathering import survey_rows
from regulars.ingest.parsers.mapping import (
    ColumnMapping,
    adjust_mapping,
    propose_mapping,
    require_fields,
)
from regulars.ingest.parsers.sheets import Sheet, open_sheet
from regulars.ingest.parsers.streams import stream
from regulars.ingest.parsers.words import KNOWN_HEADERS

FILE_AT = datetime(2026, 3, 1, 4, tzinfo=UTC)
YOUZAN_CUSTOMERS = (
    "客户姓名 客户昵称 客户手机号 客户生日 客户性别 标签 是否会员 成长值 免费等级 付费等级 权益卡 客户积分 客户储值余额"
    " 消费次数 消费金额 累计退款金额 累计退款订单数 笔单价 上次消费时间 分销员 导购员 企微好友 来源渠道 来源方式"
    " 成为客户时间 成为会员时间 成为会员店铺 公众号 公众号关注时间 最近浏览时间 微信地域 所属区域 指定时间消费次数"
    " 指定时间消费金额"
).split()
YOUZAN_ORDERS = (
    "订单号 销售渠道 归属店铺 订单类型 订单状态 推广方式 订单来源 订单创建时间 买家付款时间 交易成功时间 付款方式 支付流水号"
    " 商品金额合计 运费 店铺优惠合计 应收订单金额 订单实付金额 支付优惠合计 订单实收金额 订单抵用积分数 店铺优惠方式"
    " 支付优惠方式 全部商品名称 商品种类数 订单配送方式 同城送达时间/提货时间 收货人省份 收货人城市 收货人地区"
    " 详细收货地址/提货地址 收货人/提货人 收货人手机号/提货人手机号 买家备注 订单星级 买家昵称 买家是否会员 买家手机号"
    " 下单网点 收银员 分销员 销售导购 专属导购 订单退款状态 订单已退款金额 商家订单备注 桌号 挂账主体 挂账手机号"
    " 团长订单 订单风险标签 分销员 分销员手机号"
).split()
YOUZAN_LINES = (
    "订单号 外部订单号 订单商品状态 交易成功时间 商品名称 商品类型 商品类目 商品规格 规格编码 商品编码 商品单价 商品成本价"
    " 商品优惠方式 商品优惠后价格 商品数量 商品金额小计 店铺优惠（分摊） 商品实际成交金额 商品抵用积分数 商品留言"
    " 收货人/提货人 收货人手机号/提货人手机号 收货人省份/城市/地区 详细收货地址/提货地址 买家备注 商品发货状态"
    " 商品退款状态 商品已退款金额 商家订单备注"
).split()


def row_of(headers: Sequence[str], **cells: str) -> list[str]:
    """Fill a row by header; of two columns with one name the first is filled."""
    row = [""] * len(headers)
    for header, cell in cells.items():
        row[list(headers).index(header)] = cell
    return row


def csv_text(rows: Sequence[Sequence[str]], delimiter: str = ",") -> str:
    """Write rows as CSV, quoting what needs it."""
    lines = []
    for row in rows:
        cells = [
            '"' + cell.replace('"', '""') + '"' if any(c in cell for c in ',\t;\n"') else cell
            for cell in row
        ]
        lines.append(delimiter.join(cells))
    return "\n".join(lines) + "\n"


def a_csv(
    folder: Path,
    rows: Sequence[Sequence[str]],
    *,
    name: str = "file.csv",
    encoding: str = "utf-8",
    delimiter: str = ",",
) -> Path:
    """Write a CSV file, packed where the name says so."""
    path = folder / name
    data = csv_text(rows, delimiter).encode(encoding)
    path.write_bytes(gzip.compress(data) if name.endswith(".gz") else data)
    return path


def a_workbook(folder: Path, rows: Sequence[Sequence[object]], *, name: str = "file.xlsx") -> Path:
    """Write a workbook with one sheet."""
    path = folder / name
    with xlsxwriter.Workbook(path) as workbook:
        sheet = workbook.add_worksheet()
        for number, row in enumerate(rows):
            sheet.write_row(number, 0, row)
    return path


def opened(path: Path, kind: str, *, limits: FileLimits | None = None) -> Sheet:
    """Open a file as a sheet of a kind."""
    return open_sheet(path, known_headers=KNOWN_HEADERS[FileKind(kind)], limits=limits)


def mapped(sheet: Sheet, kind: str, **said: object) -> ColumnMapping:
    """Map a sheet by its headers and what is said."""
    mapping = propose_mapping(FileKind(kind), sheet.headers)
    return require_fields(adjust_mapping(mapping, said, sheet.headers) if said else mapping)


def read(
    path: Path,
    kind: str,
    *,
    zone: str = "Asia/Shanghai",
    currency: str = "CNY",
    stores: dict[str, str] | None = None,
    **said: object,
) -> tuple[list[Candidate], list[RowProblem]]:
    """Read a file to its end: what it makes, and what is wrong with it."""
    sheet = opened(path, kind)
    mapping = mapped(sheet, kind, **said)
    rules = ReadingRules(zone=zone, currency=currency, file_at=FILE_AT, stores=stores or {})
    key_of = key_reader(sheet.headers, mapping)
    survey = survey_rows(sheet.iter_rows(), key_of, may_repeat=mapping.gathers)
    candidates: list[Candidate] = []
    problems: list[RowProblem] = []
    for found in stream(sheet, mapping, rules, survey):
        if isinstance(found, list):
            problems += found
        elif isinstance(found, Candidate):
            candidates.append(found)
    return candidates, problems
