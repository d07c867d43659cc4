"""Say why: every award and every ledger entry of ours has a sentence with its figures and rule.

Rows keep the reason and the figures, never prose. The sentence is chosen here and translated where
it is shown, so one award reads in Chinese and in English.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from regulars.kit import amounts
from regulars.kit.messages import message
from regulars.ledger.domain import Currency, Entry
from regulars.loyalty.domain.awards import Award, AwardKind, Reason
from regulars.loyalty.domain.programme import EarningRule, Programme, rate_of

SENTENCES: dict[str, str] = {
    "points.purchase": message("{points} points = floor({product}), {rule} v{version}"),
    "points.raised": message(
        "{points} points more: the order now counts {net}, floor({product}), {rule} v{version}"
    ),
    "points.refund": message(
        "{points} of {given} points taken back: the order now counts {net}, floor({product}), "
        "{rule} v{version}"
    ),
    "points.reassigned": message("{points} points taken back: the order is another member's"),
    "points.before_opening": message(
        "{points} points taken back: they are part of the balance that was brought over"
    ),
    "growth.purchase": message("{growth} growth = floor({net}), {rule} v{version}"),
    "growth.raised": message("{growth} growth more: the order now counts {net}, {rule} v{version}"),
    "growth.refund": message(
        "{growth} of {given} growth taken back: the order now counts {net}, {rule} v{version}"
    ),
    "growth.reassigned": message("{growth} growth taken back: the order is another member's"),
    "growth.before_opening": message(
        "{growth} growth taken back: it is part of the balance that was brought over"
    ),
    "entry.earn": message("Granted"),
    "entry.spend": message("Spent"),
    "entry.expire": message("Expired"),
    "entry.reverse": message("Taken back"),
    "entry.restore": message("Given back after a refund of what they paid for"),
    "entry.merge": message("Moved when two members became one"),
    "entry.adjust": message("Corrected by hand"),
    "entry.commit": message("Spent from what was held"),
    "entry.owe": message("Owed: it was spent before it could be taken back"),
    "entry.repay": message("Repaid what was owed"),
    "entry.open": message("Brought over from an earlier system"),
    "entry.gift": message("Given by one member to another"),
    "entry.close": message("Closed when the member was erased"),
    "entry.forgive": message("Let go: it was spent before it could be taken back"),
    "nothing.before_opening": message(
        "No points: the order is part of the balance that was brought over"
    ),
    "nothing.other_currency": message(
        "No points: the order is in {currency}, the programme in {programme_currency}"
    ),
    "nothing.award_off": message("No points: this order was imported without awards"),
    "nothing.unattributed": message("No points: the order belongs to no member yet"),
    "nothing.not_paid": message("No points: the order is not paid"),
    "nothing.too_small": message("No points: the amount is below one point"),
}


@dataclass(frozen=True, slots=True)
class Explanation:
    """Which sentence, with which figures, under which version of which rule."""

    key: str
    facts: dict[str, Any] = field(default_factory=dict)
    rule: EarningRule | None = None

    def sentence(self, translate: Callable[[str], str], language: str) -> str:
        """Say it in the reader's language; `translate` is the edge's gettext."""
        named = dict(self.facts)
        if self.rule is not None:
            named |= {"rule": self.rule.name(language), "version": self.rule.version}
        return translate(SENTENCES[self.key]).format(**named)


def explain(award: Award, currency: Currency, programme: Programme) -> Explanation:
    """Explain one row of an award, for its points or for its growth."""
    rule = programme.rule_version(award.rule_version_id)
    order_currency = str(award.facts.get("currency", programme.currency))
    facts: dict[str, Any]
    if award.kind is AwardKind.NOTHING:
        facts = {"currency": order_currency, "programme_currency": programme.currency}
        return Explanation(f"nothing.{award.reason}", facts, rule)
    net = amounts.plain_amount(award.net_minor, order_currency)
    if currency is Currency.GROWTH:
        facts = {
            "growth": abs(award.growth),
            "given": award.facts.get("given_growth", 0),
            "net": net,
        }
        return Explanation(f"growth.{_growth_reason(award)}", facts, rule)
    rate_bp = rate_of(rule.rate_bp, order_currency) if rule else amounts.RATE_BP_ONE
    facts = {
        "points": abs(award.points),
        "given": award.facts.get("given", 0),
        "net": net,
        "product": _product(net, rate_bp, award.multiplier_bp),
    }
    return Explanation(f"points.{award.reason}", facts, rule)


def explain_entry(entry: Entry) -> Explanation:
    """Explain a ledger entry that no award stands behind, by its kind alone."""
    return Explanation(f"entry.{entry.kind.name.lower()}", {"points": abs(entry.amount)})


def explain_verdict(reason: Reason, order_currency: str, programme: Programme) -> Explanation:
    """Explain an order that was given nothing and left no row."""
    facts = {"currency": order_currency, "programme_currency": programme.currency}
    return Explanation(f"nothing.{reason}", facts)


def _growth_reason(award: Award) -> str:
    """Name a row that gives growth alone, its points being brought over, a purchase still."""
    return Reason.PURCHASE if award.kind is AwardKind.FIRST else award.reason


def _product(net: str, *factors_bp: int) -> str:
    """Write net × rate × multiplier, leaving out what is one."""
    parts = [net]
    for factor_bp in factors_bp:
        if factor_bp != amounts.RATE_BP_ONE:
            whole, decimals = divmod(factor_bp, amounts.RATE_BP_ONE)
            parts.append(f"{whole}.{decimals:04d}".rstrip("0").rstrip("."))
    return " × ".join(parts)
