"""Two records side by side in words: what each says, what stays after a merge, what disagrees."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from regulars.access.domain import Names
from regulars.console.domain import formatting, wording
from regulars.console.domain.previews import Joined
from regulars.console.domain.stories import Teller
from regulars.kit.messages import message
from regulars.members.domain import PROFILE_FIELDS, ConsentState

NONE = message("none")
AGREED = message("agreed")
WITHDRAWN = message("withdrawn")


@dataclass(frozen=True, slots=True)
class Compared:
    """One line: its code and title, both sides, what stands afterwards, and how to see it."""

    code: str
    title: str
    winner: str
    loser: str
    after: str
    tone: str = ""
    adds_up: bool = False

    @property
    def is_idle(self) -> bool:
        """Tell whether the merge leaves this line as it is on both sides."""
        return self.winner == self.loser == self.after

    @property
    def before(self) -> str:
        """Say both sides in one: a sum where they add up, else one beside the other."""
        return f"{self.winner} {'+' if self.adds_up else '/'} {self.loser}"


def compare(
    winner: Joined, loser: Joined, after: Joined, *, names: Names, teller: Teller
) -> list[Compared]:
    """Lay out money, tier, marks and profile of two records and of the one they become."""
    three = (winner, loser, after)
    return [
        *_money(three, teller),
        *_standing(three, names, teller),
        *_profile(three, teller),
        *_consents(three, teller),
    ]


Three = tuple[Joined, Joined, Joined]


def _money(three: Three, teller: Teller) -> list[Compared]:
    def line(code: str, title: str, figures: Sequence[int], tone: str = "") -> Compared:
        winner, loser, after = (formatting.whole(figure) for figure in figures)
        return Compared(code, teller.translate(title), winner, loser, after, tone, adds_up=True)

    lines = [
        line("points", message("Points available"), [one.balance.available for one in three]),
        line("pending", message("Points pending"), [one.balance.pending for one in three]),
        line("held", message("Points held"), [one.balance.held for one in three]),
        line("owed", message("Points owed"), [one.balance.owed for one in three], "warn"),
    ]
    kept = [each for each in lines if each.code == "points" or each.after != "0"]
    if any(one.balance.stored_value or one.balance.stored_gift for one in three):
        sums = [one.balance.stored_value + one.balance.stored_gift for one in three]
        kept.append(line("stored", message("Stored value, in minor units"), sums))
    growth = [one.progress.growth for one in three]
    return [
        *kept,
        line("growth", message("Growth value"), growth),
        line("orders", message("Orders"), [one.orders for one in three]),
    ]


def _standing(three: Three, names: Names, teller: Teller) -> list[Compared]:
    none = teller.translate(NONE)

    def line(code: str, title: str, shown: Sequence[str], tone: str = "") -> Compared:
        winner, loser, after = shown
        return Compared(code, teller.translate(title), winner, loser, after, tone)

    tiers = [one.progress.tier.name(teller.language) for one in three]
    rises = three[2].progress.tier.level > three[0].progress.tier.level
    days = [formatting.day(one.joined_at, zone=teller.zone) for one in three]
    stores = [names.store(one.home_store_id) or none for one in three]
    people = [names.staff.get(one.associate_id or 0, none) for one in three]
    return [
        line("tier", message("Tier"), tiers, "ok" if rises else ""),
        line("joined", message("Joined"), days),
        line("store", message("Home store"), stores),
        line("associate", message("Sales associate"), people),
        line("identities", message("Identities"), [str(one.identities) for one in three]),
        line("records", message("Records"), [str(one.records) for one in three]),
        line("tags", message("Tags"), [teller.comma.join(one.tags) or none for one in three]),
    ]


def _profile(three: Three, teller: Teller) -> list[Compared]:
    none = teller.translate(NONE)
    lines = []
    for field in PROFILE_FIELDS:
        said = [one.profile.get(field.name, "") for one in three]
        if field.name == "gender":
            said = [teller.word(wording.GENDERS, value) for value in said]
        if any(said):
            winner, loser, after = (value or none for value in said)
            title = teller.translate(field.title)
            lines.append(Compared(f"field.{field.name}", title, winner, loser, after))
    return lines


def _consents(three: Three, teller: Teller) -> list[Compared]:
    lines = []
    stands = [{(word.purpose, word.channel): word for word in one.consents} for one in three]
    for purpose, channel in sorted(stands[2]):
        winner, loser, after = (_word(one.get((purpose, channel)), teller) for one in stands)
        tone = "" if stands[2][purpose, channel].granted else "warn"
        title = _consent_title(purpose, channel, teller)
        lines.append(Compared(f"consent.{purpose}.{channel}", title, winner, loser, after, tone))
    return lines


def _consent_title(purpose: str, channel: str, teller: Teller) -> str:
    title = teller.word(wording.PURPOSES, purpose)
    return f"{title} · {teller.translate(wording.channel(channel))}" if channel else title


def _word(state: ConsentState | None, teller: Teller) -> str:
    if state is None:
        return teller.translate(NONE)
    told = teller.translate(AGREED if state.granted else WITHDRAWN)
    moment: datetime = state.at
    return f"{told} {formatting.day(moment, zone=teller.zone)}"
