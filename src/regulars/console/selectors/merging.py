"""Read two records side by side: what each holds, is and has said, in a fixed few questions."""

from datetime import datetime, timedelta

from regulars.commerce.selectors import figures as purchases
from regulars.console.domain.previews import Side
from regulars.ledger import selectors as ledger
from regulars.loyalty import selectors as loyalty
from regulars.members import selectors as members
from regulars.members.domain import Profile

CONSENTS_MAX = 10_000


def read_sides(*, winner: Profile, loser: Profile, at: datetime) -> tuple[Side, Side]:
    """Read both records as they stand; personal values are masked."""
    both = (winner, loser)
    ids = [profile.member.id for profile in both]
    owners = {alias: profile.member.id for profile in both for alias in profile.aliases}
    balances = ledger.balances(member_ids=ids, at=at)
    growth = loyalty.list_growth(member_ids=ids)
    proofs = members.list_consents(member_ids=list(owners), limit=CONSENTS_MAX)
    bought = purchases.purchases_of(owners=owners, since=at - timedelta(days=365))

    def side(profile: Profile) -> Side:
        member_id = profile.member.id
        orders = bought.get(member_id)
        return Side(
            member=profile.member,
            aliases=profile.aliases,
            values=profile.values,
            identities=profile.identities,
            tags=profile.tags,
            consents=tuple(each for each in proofs if owners[each.member_id] == member_id),
            balance=balances[member_id],
            growth=tuple(growth.get(member_id, ())),
            orders=orders.orders if orders else 0,
        )

    return side(winner), side(loser)
