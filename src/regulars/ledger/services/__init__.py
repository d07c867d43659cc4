"""What can be done with points. `post` is the one writer; everything else goes through it."""

from regulars.ledger.selectors.installed import install_checks
from regulars.ledger.services.accounts import (
    close_members,
    expire_points,
    freeze_members,
    merge_members,
    release_lots,
    release_members,
    unmerge_members,
)
from regulars.ledger.services.adjusting import (
    EXECUTOR as ADJUSTMENTS,
)
from regulars.ledger.services.adjusting import (
    correct_points,
    needs_second_person,
)
from regulars.ledger.services.asking import ask_verify, run_verify
from regulars.ledger.services.books import lock_accounts, open_programme
from regulars.ledger.services.commands import (
    adjust_points,
    commit_hold,
    earn_points,
    give_points,
    hold_points,
    reverse_transfer,
    spend_points,
    void_hold,
)
from regulars.ledger.services.late_holds import expire_holds
from regulars.ledger.services.openings import Declared, declare_balances
from regulars.ledger.services.posting import post
from regulars.ledger.services.proving import RUNS_KEPT, prove
from regulars.ledger.services.undoing import revert_openings
from regulars.ledger.services.verifying import verify

__all__ = [
    "ADJUSTMENTS",
    "RUNS_KEPT",
    "Declared",
    "adjust_points",
    "ask_verify",
    "close_members",
    "commit_hold",
    "correct_points",
    "declare_balances",
    "earn_points",
    "expire_holds",
    "expire_points",
    "freeze_members",
    "give_points",
    "hold_points",
    "install_checks",
    "lock_accounts",
    "merge_members",
    "needs_second_person",
    "open_programme",
    "post",
    "prove",
    "release_lots",
    "release_members",
    "reverse_transfer",
    "revert_openings",
    "run_verify",
    "spend_points",
    "unmerge_members",
    "verify",
    "void_hold",
]
