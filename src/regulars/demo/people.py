"""The members of the story: who they are, through which doors they come, how often.

One person may be known by phone at the till, by unionid in the mini program and by a buyer id
in the web shop; the exports do not say that these are one. That is the point.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from random import Random

_SURNAMES = (
    "王李张刘陈杨黄赵吴周徐孙马朱胡郭何高林罗郑梁谢宋唐许韩冯邓曹"
    "彭曾萧田董袁潘蒋蔡余杜叶程苏魏吕丁任沈"
)
_GIVEN = (
    "伟芳娜敏静丽强磊军洋勇艳杰娟涛明超秀霞平刚桂英华玉萍红娥玲佳怡欣雨晨梓涵子轩浩宇思琪诗一诺"
)
_DOUBLE = ("欧阳", "司徒", "上官", "诸葛")
_LATIN = ("Anna Li", "Kevin Chen", "Lily Wang", "Jason Wu", "Emily Zhou")
_EMOJI = ("🌸", "🐱", "☕", "🍑", "🌙")
_HABITS = (  # name, share, orders a year, months until they fall silent (None: they stay)
    ("patron", 0.006, 120.0, None),
    ("devoted", 0.044, 38.0, None),
    ("regular", 0.21, 12.0, None),
    ("casual", 0.39, 4.4, None),
    ("lapsing", 0.20, 8.0, 7),
    ("once", 0.15, 0.0, None),
)


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who buys; empty strings where a channel never learnt a thing."""

    number: int
    name: str
    nickname: str
    phone: str
    second_phone: str
    email: str
    unionid: str
    openid: str
    card: str
    buyer_id: str
    birthday: str
    gender: str
    joined_on: date
    silent_from: date | None
    orders_a_year: float
    habit: str
    home: int
    uses_web: bool
    uses_mini: bool
    uses_till: bool


def crowd(random: Random, *, count: int, first: date, today: date) -> list[Person]:
    """Make so many people, joined before or during the story."""
    phones = iter(_phones(random, count + count // 20))
    return [_person(random, number, phones, first, today) for number in range(1, count + 1)]


def _phones(random: Random, count: int) -> list[str]:
    heads = ("135", "136", "137", "138", "139", "150", "158", "177", "186", "188", "199")
    found: set[str] = set()
    while len(found) < count:
        found.add(f"{random.choice(heads)}{random.randrange(10**8):08d}")
    return sorted(found, key=lambda phone: phone[::-1])


def _person(random: Random, number: int, phones: Iterator[str], first: date, today: date) -> Person:
    habit, _, yearly, months = random.choices(_HABITS, weights=[h[1] for h in _HABITS])[0]
    span = (today - first).days
    joined = first + timedelta(days=int(span * random.random() ** 1.4) - 60)
    silent = joined + timedelta(days=30 * (months + random.randint(-3, 4))) if months else None
    web, mini, till = _doors(random)
    phone = next(phones)
    name = _name(random)
    return Person(
        number=number,
        name=name,
        nickname=_nickname(random, name),
        phone=phone,
        second_phone=next(phones) if number % 29 == 0 else "",
        email=f"guest{number}@example.com" if web and random.random() < 0.45 else "",
        unionid=f"o6_bmasdasdsad{number:08d}" if mini else "",
        openid=f"oGZUI0egBJY1zhBY{number:08d}" if mini else "",
        card=f"66{number:010d}" if till and random.random() < 0.5 else "",
        buyer_id=f"yz_{number * 7919 % 10**9:09d}" if web else "",
        birthday=_birthday(random),
        gender=random.choice(("男", "女", "女", "未知", "")),
        joined_on=max(joined, first - timedelta(days=60)),
        silent_from=silent,
        orders_a_year=yearly * random.lognormvariate(0, 0.35) if yearly else 0.0,
        habit=habit,
        home=random.randrange(12),
        uses_web=web,
        uses_mini=mini,
        uses_till=till,
    )


def _doors(random: Random) -> tuple[bool, bool, bool]:
    web, mini = random.random() < 0.35, random.random() < 0.4
    return web, mini, random.random() < 0.85 or not (web or mini)


def _name(random: Random) -> str:
    if random.random() < 0.02:
        return random.choice(_LATIN)
    head = random.choice(_DOUBLE) if random.random() < 0.01 else random.choice(_SURNAMES)
    return head + "".join(random.choice(_GIVEN) for _ in range(random.choice((1, 2, 2))))


def _nickname(random: Random, name: str) -> str:
    if random.random() < 0.3:
        return random.choice(("小", "阿")) + name[-1] + random.choice(_EMOJI)
    return ""


def _birthday(random: Random) -> str:
    if random.random() < 0.45:
        return ""
    if random.random() < 0.05:
        return "1900-01-01"
    return f"{random.randint(1965, 2006)}-{random.randint(1, 12):02d}-{random.randint(1, 28):02d}"
