"""The words of the audit log: actions, results, what is wrong with a chain."""

from collections.abc import Mapping
from types import MappingProxyType

from regulars.console.domain import wording
from regulars.console.domain.acts import MEMBER_ACTS
from regulars.console.domain.cells import Tone
from regulars.kit.messages import message

ACTIONS: Mapping[str, str] = MappingProxyType(
    {action: worded.title for action, worded in MEMBER_ACTS.items()}
    | {
        "approval.proposed": message("Proposed to a second person"),
        "approval.approved": message("Proposal approved"),
        "approval.rejected": message("Proposal rejected"),
        "approval.withdrawn": message("Proposal withdrawn"),
        "approval.expired": message("Proposal ran out"),
        "approval.executed": message("Approved act done"),
        "approval.decided": message("Tried to decide a proposal"),
        "audit.check_asked": message("Check of the audit chain asked for"),
        "audit.checked": message("Audit chain checked"),
        "exports.ask": message("Export asked for"),
        "exports.open": message("Export downloaded"),
        "import.asked": message("Import asked for"),
        "import_undo.asked": message("Undo of an import asked for"),
        "jobs.stop": message("Work of a colleague stopped"),
        "key.created": message("API key made"),
        "key.collected": message("API key fetched"),
        "key.rotated": message("API key exchanged"),
        "key.revoked": message("API key revoked"),
        "permission.missing": message("Tried something without permission"),
        "policy.changed": message("Settings changed"),
        "programme.configured": message("Programme changed"),
        "role.made": message("Role made"),
        "role.retired": message("Role retired"),
        "role.granted": message("Role given"),
        "role.revoked": message("Role taken away"),
        "source.created": message("Source made"),
        "source.secret_rotated": message("Secret of a source exchanged"),
        "staff.created": message("Account made"),
        "staff.activated": message("Account switched on"),
        "staff.deactivated": message("Account switched off"),
        "staff.password_changed": message("Password changed"),
        "staff.sessions_reset": message("Signed out everywhere"),
        "staff.sign_in": message("Sign-in"),
        "staff.sign_in_link_issued": message("One-time link made"),
        "staff.sign_out": message("Sign-out"),
        "staff.stepped_up": message("Proved who sits there"),
        "staff.factor_added": message("Second factor added"),
        "staff.factor_removed": message("Second factor removed"),
        "staff.factors_reset": message("Second factors reset"),
        "store.changed": message("Store changed"),
    }
)
RESULTS: Mapping[str, tuple[Tone, str]] = MappingProxyType(
    {
        "ok": ("ok", message("done")),
        "refused": ("warn", message("refused")),
        "failed": ("bad", message("failed")),
    }
)
REASONS: Mapping[str, str] = MappingProxyType(
    {
        **wording.ADJUST_REASONS,
        **wording.COPY_REASONS,
        **wording.ERASE_REASONS,
        **wording.MERGE_REASONS,
        **wording.REVEAL_REASONS,
        **wording.STATUS_REASONS,
    }
)
PROBLEMS: Mapping[str, str] = MappingProxyType(
    {
        "entry_missing": message("an entry is gone"),
        "entry_altered": message("an entry was altered"),
        "seal_missing": message("a seal is gone"),
        "checkpoint_differs": message("the chain differs from a signed checkpoint"),
        "checkpoint_forged": message("a checkpoint was forged"),
        "tail_cut": message("the end of the chain was cut off"),
        "never_sealed": message("entries were never sealed"),
    }
)
