"""The same story told by five systems, each with its own headers, habits and mistakes.

The till writes one row a line with phones or cards, the web shop exports as Youzan does, the
customer list has tabs before phones and birthdays in 1900, the mini program posts webhooks.
What one system knows of a person another does not.
"""

import csv
import gzip
import io
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any, TextIO

import orjson
import xlsxwriter

from regulars.demo.people import Person
from regulars.demo.shop import BRAND, MINI_STORE, STORES, WEB_STORE, Product
from regulars.demo.traffic import Order

STORES_FILE = "stores.csv"
PRODUCTS_FILE = "products.xlsx"
CUSTOMERS_FILE = "customers-youzan.csv"
CARDS_FILE = "members-till.csv"
TILL_FILE = "till.csv.gz"
ORDERS_FILE = "orders-youzan.csv"
LINES_FILE = "lines-youzan.csv"
WEBHOOKS_FILE = "webhooks.jsonl"  # one body a line, in the order of sending
WEBHOOK_ROWS = 200
CUSTOMER_HEADER = """
    客户姓名 客户昵称 客户手机号 客户生日 客户性别 标签 是否会员 成长值 免费等级
    付费等级 权益卡 客户积分 客户储值余额 消费次数 消费金额 累计退款金额
    累计退款订单数 笔单价 上次消费时间 分销员 导购员 企微好友 来源渠道 来源方式
    成为客户时间 成为会员时间 成为会员店铺
""".split()
ORDER_HEADER = """
    订单号 销售渠道 归属店铺 订单类型 订单状态 订单创建时间 买家付款时间 交易成功时间
    付款方式 商品金额合计 运费 店铺优惠合计 应收订单金额 订单实付金额 全部商品名称
    商品种类数 收货人/提货人 收货人手机号/提货人手机号 买家备注 买家昵称 买家是否会员
    买家手机号 分销员 订单退款状态 订单已退款金额 商家订单备注 分销员
""".split()
LINE_HEADER = """
    订单号 订单商品状态 交易成功时间 商品名称 商品类型 商品类目 商品编码 商品单价
    商品数量 商品金额小计 店铺优惠（分摊） 商品实际成交金额 收货人/提货人 买家备注
    商品退款状态 商品已退款金额
""".split()
TILL_HEADER = """
    小票号 门店 交易时间 会员手机号 会员卡号 商品编码 商品名称 数量 单价 小计 状态
    已退款金额
""".split()
CARD_HEADER = """
    会员卡号 姓名 手机号 生日 性别 开卡门店 开卡时间 标签
""".split()
STATES = {
    "created": "待付款",
    "paid": "待发货",
    "shipped": "已发货",
    "completed": "交易完成",
    "closed": "交易关闭",
}


def write_all(
    folder: Path,
    *,
    random: Random,
    people: Sequence[Person],
    products: Sequence[Product],
    orders: Iterable[Order],
    moved_on: datetime,
) -> None:
    """Write every export; `moved_on` is when the old points system was switched off."""
    folder.mkdir(parents=True, exist_ok=True)
    _write_stores(folder / STORES_FILE)
    _write_products(folder / PRODUCTS_FILE, products)
    _write_customers(folder / CUSTOMERS_FILE, random, people, moved_on)
    _write_cards(folder / CARDS_FILE, people)
    _write_orders(folder, random, orders)


def _text(path: Path, *, encoding: str = "utf-8-sig") -> TextIO:
    return path.open("w", encoding=encoding, newline="", errors="replace")


def _write_stores(path: Path) -> None:
    kinds = {"store": "门店", "web_shop": "网店", "mini_program": "小程序"}
    with _text(path) as file:
        sheet = csv.writer(file)
        sheet.writerow(["门店编码", "门店名称", "区域", "类型", "品牌", "时区"])
        for store in (*STORES, WEB_STORE, MINI_STORE):
            sheet.writerow(
                [store.code, store.name, store.region, kinds[store.kind], BRAND, "Asia/Shanghai"]
            )


def _write_products(path: Path, products: Sequence[Product]) -> None:
    book = xlsxwriter.Workbook(str(path), {"constant_memory": True})
    sheet = book.add_worksheet("商品")
    sheet.write_row(0, 0, [f"{BRAND} 商品档案"])
    sheet.write_row(1, 0, ["商品编码", "商品名称", "商品类目", "品牌", "售价", "成本价"])
    for number, product in enumerate(products, 2):
        price, cost = product.price_minor / 100, product.cost_minor / 100
        values = [product.sku, product.name, product.category, BRAND, price, cost]
        sheet.write_row(number, 0, values)
    book.close()


def _write_customers(
    path: Path, random: Random, people: Sequence[Person], moved_on: datetime
) -> None:
    with _text(path, encoding="gb18030") as file:
        sheet = csv.writer(file)
        sheet.writerow(CUSTOMER_HEADER)
        for person in people:
            if person.uses_web:
                sheet.writerow(_customer(random, person, moved_on))


def _customer(random: Random, person: Person, moved_on: datetime) -> list[str]:
    old = person.joined_on < moved_on.date()
    points = random.randrange(0, 900) if old else 0
    growth = points + random.randrange(0, 400) if old else 0
    wallet = random.choice((0, 0, 0, 5000, 10000, 20000)) if old else 0
    masked = f"{person.phone[:3]}******{person.phone[-2:]}"
    phone = masked if person.number % 53 == 0 else f"\t{person.phone}"
    row = dict.fromkeys(CUSTOMER_HEADER, "-")
    row |= {
        "客户姓名": person.name,
        "客户昵称": person.nickname or person.name,
        "客户手机号": phone,
        "客户生日": person.birthday,
        "客户性别": person.gender,
        "标签": random.choice(("", "网店老客", "无糖，茶友", "烘焙偏好")),
        "是否会员": "是",
        "成长值": str(growth),
        "客户积分": f"{points:,}",
        "客户储值余额": f"￥{wallet / 100:,.2f}",
        "成为会员时间": f"{person.joined_on:%Y/%m/%d} 10:00:00",
        "成为会员店铺": WEB_STORE.name,
        "来源渠道": "网店",
    }
    return list(row.values())


def _write_cards(path: Path, people: Sequence[Person]) -> None:
    with _text(path) as file:
        sheet = csv.writer(file)
        sheet.writerow([f"{BRAND} 会员卡登记表"])
        sheet.writerow(CARD_HEADER)
        for person in people:
            if not person.card:
                continue
            phone = person.second_phone or person.phone
            joined = f"{person.joined_on.year}年{person.joined_on.month}月{person.joined_on.day}日"
            name, store = person.name, STORES[person.home].name
            values = [person.card, name, phone, person.birthday, person.gender, store, joined, ""]
            sheet.writerow(values)
        sheet.writerow(["合计", "", "", "", "", "", "", ""])


def _write_orders(folder: Path, random: Random, orders: Iterable[Order]) -> None:
    rows: list[dict[str, Any]] = []
    with (
        gzip.open(folder / TILL_FILE, "wb", compresslevel=1) as packed,
        io.TextIOWrapper(packed, encoding="utf-8-sig", newline="") as till_file,
        _text(folder / ORDERS_FILE) as order_file,
        _text(folder / LINES_FILE) as line_file,
    ):
        till, shop, lines = csv.writer(till_file), csv.writer(order_file), csv.writer(line_file)
        till.writerow(TILL_HEADER)
        shop.writerow(ORDER_HEADER)
        lines.writerow(LINE_HEADER)
        for order in orders:
            match order.channel:
                case "pos":
                    till.writerows(_till_rows(random, order))
                case "web":
                    shop.writerow(_shop_row(order))
                    lines.writerows(_line_rows(order))
                case _:
                    rows.append(_webhook_row(order))
    (folder / WEBHOOKS_FILE).write_bytes(b"\n".join(_bodies(random, rows)))


def _till_rows(random: Random, order: Order) -> Iterator[list[str]]:
    person = order.person
    phone = card = ""
    if person is not None and person.card and random.random() < 0.5:
        card = person.card
    elif person is not None:
        phone = person.phone
    rest = order.discount_minor
    for line in order.lines:
        off = min(rest, line.amount_minor - 1)
        rest -= off
        yield [
            order.number, STORES[order.store].name, f"{order.ordered_at:%Y-%m-%d %H:%M:%S}",
            phone, card, line.product.sku, line.product.name, str(line.quantity),
            f"{line.product.price_minor / 100:.2f}", f"{(line.amount_minor - off) / 100:.2f}",
            "交易完成", f"{order.refunded_minor / 100:.2f}" if order.refunded_minor else "",
        ]  # fmt: skip


def _shop_row(order: Order) -> list[str]:
    person, at = order.person, order.ordered_at
    assert person is not None
    paid = "" if order.status == "created" else f"{at + timedelta(minutes=1):%Y-%m-%d %H:%M:%S}"
    done = f"{at + timedelta(days=6):%Y-%m-%d %H:%M:%S}" if order.status == "completed" else ""
    sum_minor = sum(line.amount_minor for line in order.lines)
    total = order.goods_minor + order.shipping_minor
    refunded = order.refunded_minor
    state = "全额退款" if refunded and refunded >= order.goods_minor else "部分退款"
    masked = f"{person.phone[:3]}******{person.phone[-2:]}"
    return [
        order.number, "网店", WEB_STORE.name, "普通订单", STATES[order.status],
        f"{at:%Y-%m-%d %H:%M:%S}", paid, done, "微信支付", f"{sum_minor / 100:.2f}",
        f"{order.shipping_minor / 100:.2f}", f"{order.discount_minor / 100:.2f}",
        f"{total / 100:.2f}", f"￥{total / 100:,.2f}",
        "；".join(line.product.name for line in order.lines), str(len(order.lines)),
        person.name, masked, "", person.nickname or person.name, "是", person.phone, "",
        state if refunded else "", f"{refunded / 100:.2f}" if refunded else "", "", "",
    ]  # fmt: skip


def _line_rows(order: Order) -> Iterator[list[str]]:
    rest = order.discount_minor
    for line in order.lines:
        off = min(rest, line.amount_minor - 1)
        rest -= off
        note = f"{off / 100:.2f}(店铺满减：{off / 100:.2f})" if off else "0.00"
        yield [
            order.number, STATES[order.status], "", line.product.name, "实物商品",
            line.product.category, line.product.sku, f"{line.product.price_minor / 100:.2f}",
            str(line.quantity), f"{line.amount_minor / 100:.2f}", note,
            f"{(line.amount_minor - off) / 100:.2f}", "", "", "", "",
        ]  # fmt: skip


def _webhook_row(order: Order) -> dict[str, Any]:
    person, at = order.person, order.ordered_at
    assert person is not None
    member: dict[str, Any] = {
        "unionid": person.unionid,
        "openid": {"app": "wx-maiyu", "id": person.openid},
    }
    if person.number % 3:  # two thirds have given their number to the mini program
        member["phone"] = person.phone
    row: dict[str, Any] = {
        "external_id": order.number,
        "store": MINI_STORE.code,
        "channel": "mini_program",
        "state": {"shipped": "paid"}.get(order.status, order.status),
        "created_at": f"{at:%Y-%m-%dT%H:%M:%S}+08:00",
        "amounts": {
            "goods": f"{sum(line.amount_minor for line in order.lines) / 100:.2f}",
            "discount": f"{order.discount_minor / 100:.2f}",
            "shipping": f"{order.shipping_minor / 100:.2f}",
        },
        "lines": [
            {
                "sku": line.product.sku,
                "name": line.product.name,
                "quantity": str(line.quantity),
                "amount": f"{line.amount_minor / 100:.2f}",
            }
            for line in order.lines
        ],
        "member": member,
    }
    if order.status not in {"created", "closed"}:
        row["paid_at"] = f"{at + timedelta(minutes=1):%Y-%m-%dT%H:%M:%S}+08:00"
    if order.status == "completed":
        row["completed_at"] = f"{at + timedelta(days=2):%Y-%m-%dT%H:%M:%S}+08:00"
    if order.refunded_minor:
        row["refunded"] = order.refunded_minor
    return row


def _bodies(random: Random, rows: list[dict[str, Any]]) -> Iterator[bytes]:
    """Cut the mini program's orders into bodies; some arrive twice, refunds come beside."""
    rows.sort(key=lambda row: str(row["created_at"]))
    for start in range(0, len(rows), WEBHOOK_ROWS):
        batch = rows[start : start + WEBHOOK_ROWS]
        refunds = [_refund_row(row, row.pop("refunded")) for row in batch if "refunded" in row]
        bodies = [orjson.dumps({"type": "orders", "rows": batch})]
        if refunds:  # now and then a refund overtakes its order
            where = 0 if random.random() < 0.2 else 1
            bodies.insert(where, orjson.dumps({"type": "refunds", "rows": refunds}))
        if random.random() < 0.05:
            bodies.append(bodies[-1])
        yield from bodies


def _refund_row(row: dict[str, Any], refunded_minor: int) -> dict[str, Any]:
    return {
        "external_id": f"R-{row['external_id']}",
        "order": row["external_id"],
        "amount": f"{refunded_minor / 100:.2f}",
        "refunded_at": row["completed_at"],
    }
