"""The programme a new shop starts with: one point a yuan times the tier's factor, five tiers.

Thresholds and factors are the defaults of `domain.md` 5.2; growth is the net yuan of paid orders.
"""

from regulars.kit.amounts import RATE_BP_ONE
from regulars.loyalty.domain.programme import ANY_CURRENCY, Tier

DEFAULT_RULE_KEY = "purchase"
DEFAULT_RULE_NAME_EN = "Points for purchases"
DEFAULT_RULE_NAME_ZH = "消费积分"
DEFAULT_RATE_BP = {ANY_CURRENCY: RATE_BP_ONE}
DEFAULT_GROWTH_BP = {ANY_CURRENCY: RATE_BP_ONE}
DEFAULT_MULTIPLIERS_BP = (10_000, 11_000, 12_000, 13_000, 15_000)
DEFAULT_TIERS = (
    Tier(level=0, code="base", growth_min=0, name_en="Basic", name_zh="普通"),
    Tier(level=1, code="silver", growth_min=500, name_en="Silver", name_zh="银卡"),
    Tier(level=2, code="gold", growth_min=2_000, name_en="Gold", name_zh="金卡"),
    Tier(level=3, code="platinum", growth_min=5_000, name_en="Platinum", name_zh="铂金"),
    Tier(level=4, code="diamond", growth_min=10_000, name_en="Diamond", name_zh="钻石"),
)
