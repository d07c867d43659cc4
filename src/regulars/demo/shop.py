"""The chain itself: twelve stores in three regions, two hundred teas and bakes, one calendar.

Everything follows from a seed and a day, so two demos of the same day are alike.
"""

from dataclasses import dataclass
from datetime import date, timedelta
from random import Random

BRAND = "麦屿茶点"
MONTHS = 18


@dataclass(frozen=True, slots=True)
class Store:
    """A shop of the chain; `weight` is its share of the till's traffic."""

    code: str
    name: str
    region: str
    kind: str
    weight: float


@dataclass(frozen=True, slots=True)
class Product:
    """Something on the menu; `season` says in which months it sells."""

    sku: str
    name: str
    category: str
    price_minor: int
    cost_minor: int
    weight: float
    season: frozenset[int] | None


STORES = (
    Store("SH01", "静安愚园店", "华东", "store", 1.6),
    Store("SH02", "徐汇天平店", "华东", "store", 1.3),
    Store("SH03", "浦东陆家嘴店", "华东", "store", 1.4),
    Store("HZ01", "杭州湖滨店", "华东", "store", 1.2),
    Store("SZ01", "苏州平江店", "华东", "store", 0.9),
    Store("NJ01", "南京新街口店", "华东", "store", 1.0),
    Store("BJ01", "北京国贸店", "华北", "store", 1.3),
    Store("BJ02", "北京三里屯店", "华北", "store", 1.2),
    Store("TJ01", "天津滨江道店", "华北", "store", 0.7),
    Store("GZ01", "广州天河店", "华南", "store", 1.1),
    Store("SZ02", "深圳万象店", "华南", "store", 1.2),
    Store("XM01", "厦门中山路店", "华南", "store", 0.6),
)
WEB_STORE = Store("WEB", "有赞网店", "线上", "web_shop", 0.0)
MINI_STORE = Store("MINI", "小程序商城", "线上", "mini_program", 0.0)

_LEAVES = ("白桃", "茉莉", "桂花", "龙井", "正山", "凤凰单丛", "伯爵", "荔枝", "青柑", "玫瑰")
_CUPS = (("鲜奶茶", 1900), ("乌龙", 1500), ("冷萃", 1800), ("芝士茶", 2200), ("柠檬茶", 1600))
_FILLINGS = ("海盐", "红豆", "抹茶", "巧克力", "芋泥", "伯爵", "开心果", "肉松", "黑糖", "原味")
_BAKES = (("贝果", 1200), ("司康", 1400), ("吐司", 2600), ("可颂", 1500), ("蛋糕卷", 3200))
_BOXES = ("茶礼盒", "曲奇罐", "挂耳茶", "月饼礼盒", "年货礼盒")
_MOONCAKE = frozenset({8, 9, 10})
_NEW_YEAR = frozenset({12, 1, 2})
_SUMMER = frozenset({5, 6, 7, 8, 9})


def menu(random: Random) -> list[Product]:
    """Draw up the two hundred products, each with price, cost and liking."""
    found = [_cup(random, leaf, cup, price) for leaf in _LEAVES for cup, price in _CUPS]
    found += [_bake(random, taste, bake, price) for taste in _FILLINGS for bake, price in _BAKES]
    found += [_box(random, leaf, box) for leaf in _LEAVES for box in _BOXES]
    found += [_single(random, leaf, size) for leaf in _LEAVES for size in (50, 100, 150, 250, 500)]
    return [Product(f"P{number:04d}", *values) for number, values in enumerate(found, 1)]


_Row = tuple[str, str, int, int, float, frozenset[int] | None]


def _cup(random: Random, leaf: str, cup: str, price: int) -> _Row:
    season = _SUMMER if cup == "冷萃" else None
    cost = price * random.randint(28, 38) // 100
    return f"{leaf}{cup}", "现制茶饮/" + cup, price, cost, random.uniform(2, 9), season


def _bake(random: Random, taste: str, bake: str, price: int) -> _Row:
    cost = price * random.randint(35, 48) // 100
    return f"{taste}{bake}", "烘焙/" + bake, price, cost, random.uniform(1, 6), None


def _box(random: Random, leaf: str, box: str) -> _Row:
    season = {"月饼礼盒": _MOONCAKE, "年货礼盒": _NEW_YEAR}.get(box)
    price = random.choice((6800, 8800, 9900, 12800, 16800))
    return f"{leaf}{box}", "礼品/" + box, price, price * 42 // 100, random.uniform(0.1, 0.5), season


def _single(random: Random, leaf: str, grams: int) -> _Row:
    price = grams * random.randint(70, 120)
    return (
        f"{leaf}茶 {grams}g",
        "茶叶/散茶",
        price,
        price * 45 // 100,
        random.uniform(0.05, 0.4),
        None,
    )


def busyness(day: date) -> float:
    """Say how busy a day is against an ordinary one: week-ends, summer, feasts, sales days."""
    factor = 1.35 if day.weekday() >= 5 else 1.0
    factor *= {6: 1.1, 7: 1.2, 8: 1.2, 2: 0.8, 11: 1.05}.get(day.month, 1.0)
    if (day.month, day.day) in {(6, 18), (11, 11), (12, 12)}:
        factor *= 2.2
    if day.day in {8, 18, 28}:
        factor *= 1.3
    return factor


def days_until(today: date) -> list[date]:
    """List the days of the story: eighteen months that end yesterday."""
    first = today - timedelta(days=MONTHS * 365 // 12)
    return [first + timedelta(days=n) for n in range((today - first).days)]
