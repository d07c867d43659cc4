"""What they bought: about two hundred thousand orders over eighteen months, refunds among them."""

from bisect import bisect
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from itertools import accumulate
from random import Random

from regulars.demo.people import Person
from regulars.demo.shop import STORES, Product, busyness

REFUND_SHARE = 0.025
CLOSED_SHARE = 0.02
_HOURS = (8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21)
_HOUR_WEIGHTS = (3, 5, 5, 7, 10, 9, 9, 10, 9, 8, 9, 9, 6, 3)


@dataclass(frozen=True, slots=True)
class Line:
    """So many of one product for so much."""

    product: Product
    quantity: int
    amount_minor: int


@dataclass(frozen=True, slots=True)
class Order:
    """One purchase as it was; the exports tell it each in their own way."""

    number: str
    channel: str  # pos, web or mini_program
    person: Person | None
    store: int
    ordered_at: datetime  # local time of the shop
    lines: tuple[Line, ...]
    discount_minor: int
    shipping_minor: int
    status: str  # completed, shipped, paid, created, closed
    refunded_minor: int

    @property
    def goods_minor(self) -> int:
        """Sum what the goods cost after discount."""
        return sum(line.amount_minor for line in self.lines) - self.discount_minor


class Menu:
    """Products by month, drawn by liking in one bisection."""

    def __init__(self, products: list[Product]) -> None:
        self._by_month: dict[int, tuple[list[Product], list[float]]] = {}
        for month in range(1, 13):
            sold = [p for p in products if p.season is None or month in p.season]
            self._by_month[month] = (sold, list(accumulate(p.weight for p in sold)))

    def draw(self, random: Random, month: int) -> Product:
        """Draw one product of the month."""
        sold, sums = self._by_month[month]
        return sold[bisect(sums, random.random() * sums[-1])]


def stream(
    random: Random, people: list[Person], menu: Menu, days: list[date], *, strangers: float = 0.12
) -> Iterator[Order]:
    """Tell every order in order of persons; `strangers` is the share without a member."""
    busy = [busyness(day) for day in days]
    sums = list(accumulate(busy))
    number = 0
    for person in people:
        for day in _visits(random, person, days, sums):
            number += 1
            yield _order(random, number, person, menu, day, days[-1])
            if random.random() < strangers:
                number += 1
                yield _order(random, number, None, menu, day, days[-1])


def _visits(random: Random, person: Person, days: list[date], sums: list[float]) -> list[date]:
    start = max(person.joined_on, days[0])
    end = min(person.silent_from or days[-1], days[-1])
    low = (start - days[0]).days
    high = (end - days[0]).days
    if high < low:
        return []
    if not person.orders_a_year:
        return [days[low]]
    expected = person.orders_a_year * (high - low + 1) / 365
    count = max(1, int(random.gauss(expected, expected**0.5) + 0.5))
    base = sums[low - 1] if low else 0.0
    width = sums[high] - base
    found = {min(bisect(sums, base + random.random() * width), high) for _ in range(count)}
    found.add(low)
    return [days[index] for index in sorted(found)]


def _order(
    random: Random, number: int, person: Person | None, menu: Menu, day: date, last: date
) -> Order:
    channel = _channel(random, person)
    hour = random.choices(_HOURS, weights=_HOUR_WEIGHTS)[0]
    ordered_at = datetime.combine(day, time(hour, random.randrange(60), random.randrange(60)))
    lines = _lines(random, menu, day, channel)
    goods = sum(line.amount_minor for line in lines)
    discount = goods // 10 // 100 * 100 if random.random() < 0.18 else 0
    status = _status(random, channel, last - day)
    refunded = _refund(random, status, goods - discount, lines)
    store = _store(random, person)
    head = {"pos": "POS", "web": "E", "mini_program": "MP"}[channel]
    return Order(
        number=f"{head}{ordered_at:%Y%m%d%H%M%S}{number:07d}",
        channel=channel,
        person=person,
        store=store,
        ordered_at=ordered_at,
        lines=lines,
        discount_minor=discount,
        shipping_minor=800 if channel == "web" and goods < 9900 else 0,
        status=status,
        refunded_minor=refunded,
    )


def _channel(random: Random, person: Person | None) -> str:
    if person is None:
        return "pos"
    doors = [("pos", 6 * person.uses_till), ("web", 2 * person.uses_web)]
    doors.append(("mini_program", 4 * person.uses_mini))
    return random.choices([d for d, _ in doors], weights=[w for _, w in doors])[0]


def _store(random: Random, person: Person | None) -> int:
    if person is not None and random.random() < 0.85:
        return person.home
    return random.choices(range(len(STORES)), weights=[store.weight for store in STORES])[0]


def _lines(random: Random, menu: Menu, day: date, channel: str) -> tuple[Line, ...]:
    count = random.choices((1, 2, 3, 4), weights=(45, 33, 15, 7))[0] + (channel == "web")
    products = {p.sku: p for p in (menu.draw(random, day.month) for _ in range(count))}
    return tuple(
        Line(product, quantity, product.price_minor * quantity)
        for product in products.values()
        for quantity in (random.choices((1, 2, 3), weights=(82, 14, 4))[0],)
    )


def _status(random: Random, channel: str, age: timedelta) -> str:
    if channel == "pos":
        return "completed"
    if random.random() < CLOSED_SHARE:
        return "closed"
    if age.days < 3:
        return random.choice(("created", "paid", "paid", "shipped"))
    return "shipped" if age.days < 7 else "completed"


def _refund(random: Random, status: str, goods_minor: int, lines: tuple[Line, ...]) -> int:
    if status != "completed" or random.random() > REFUND_SHARE:
        return 0
    if random.random() < 0.5 or len(lines) == 1:
        return goods_minor
    return min(goods_minor, lines[0].amount_minor)
