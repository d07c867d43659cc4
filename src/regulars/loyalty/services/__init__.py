"""What loyalty does: award orders, judge tiers, hold openings, follow merges, publish versions."""

from regulars.loyalty.services.awards import award_orders
from regulars.loyalty.services.merging import (
    erase_histories,
    merge_histories,
    unmerge_histories,
)
from regulars.loyalty.services.openings import declare_openings
from regulars.loyalty.services.programme import (
    configure_programme,
    publish_ladder,
    publish_rule,
)
from regulars.loyalty.services.tiers import judge_tiers, review_tiers, settle_growth
from regulars.loyalty.services.undoing import revert_openings
from regulars.loyalty.services.verifying import verify_tiers

__all__ = [
    "award_orders",
    "configure_programme",
    "declare_openings",
    "erase_histories",
    "judge_tiers",
    "merge_histories",
    "publish_ladder",
    "publish_rule",
    "revert_openings",
    "review_tiers",
    "settle_growth",
    "unmerge_histories",
    "verify_tiers",
]
