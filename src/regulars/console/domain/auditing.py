"""The words of the audit log: actions, results, what is wrong with a chain."""

from collections.abc import Mapping
from types import MappingProxyType

from regulars.console.domain import exports, operations, wording
from regulars.console.domain.acts import MEMBER_ACTS
from regulars.console.domain.cells import Tone
from regulars.kit.messages import message
from regulars.members.domain import requests

ACTIONS: Mapping[str, str] = MappingProxyType(
    {action: worded.title for action, worded in MEMBER_ACTS.items()}
    | {
        "dead_letters.reveal": message("Looked at a rejected row"),
        "dead_letters.replay": message("Said rejected rows again"),
        "dead_letters.book": message("Booked refunds without their order"),
        "dead_letters.drop": message("Dropped rejected rows"),
        "import.uploaded": message("Uploaded a file"),
        "import.mapped": message("Chose the columns of a file"),
        "import.upload_dropped": message("Threw a file away"),
        "import.finished": message("Imported a file"),
        "import.undone": message("Undid an import"),
        "import.errors_fetched": message("Downloaded an error file"),
        "ledger.verify_asked": message("Asked for a verify run"),
        "members.dismiss_suggestion": message("Dismissed a merge suggestion"),
        "members.postpone_suggestion": message("Put a merge suggestion off"),
        "members.set_policy": message("Changed how members are recognised"),
        "message.conflict": message("Refused a message that contradicts another"),
        "retention.asked": message("Asked for a retention run"),
        "retention.begun": message("Retention run begun"),
        "retention.finished": message("Retention run ended"),
        "staff.first_step": message("Passed the first step of signing in"),
        "staff.proof": message("Proved who they are"),
        "staff.recovery_code_used": message("Used a recovery code"),
        "staff.sessions_ended": message("Ended sessions"),
        "house.steps": message("Put the first steps away or brought them back"),
        "views.save": message("Saved a view"),
        "views.delete": message("Deleted a view"),
        "privacy.assigned": message("Took a privacy request on"),
        "privacy.answered": message("Answered a privacy request"),
        "privacy.refused": message("Refused a privacy request"),
        "privacy.cancelled": message("Closed a privacy request as taken back"),
        "privacy.open": message("Opened a privacy request"),
        "privacy.verify": message("Checked who asks"),
        "privacy.note_opened": message("Opened the note of a privacy request"),
        "privacy.package": message("Made the copy of a request"),
        "privacy.fetch": message("Downloaded the copy of a request"),
        "approval.proposed": message("Proposed to a second person"),
        "approval.approved": message("Proposal approved"),
        "approval.rejected": message("Proposal rejected"),
        "approval.withdrawn": message("Proposal withdrawn"),
        "approval.expired": message("Proposal ran out"),
        "approval.executed": message("Approved act done"),
        "approval.decided": message("Tried to decide a proposal"),
        "audit.check_asked": message("Check of the audit chain asked for"),
        "audit.checked": message("Audit chain checked"),
        "audit.note_opened": message("Opened a note of the audit log"),
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
        **exports.REASONS,
        **operations.DROP_REASONS,
        **operations.LOOK_REASONS,
        **requests.CHECKS,
        **requests.REFUSALS,
        **wording.ADJUST_REASONS,
        **wording.COPY_REASONS,
        **wording.ERASE_REASONS,
        **wording.MERGE_REASONS,
        **wording.NOTE_REASONS,
        **wording.REVEAL_REASONS,
        **wording.STATUS_REASONS,
        "unknown_account": message("There is no such account"),
        "wrong_password": message("The password was wrong"),
        "account_inactive": message("The account is switched off"),
        "too_many_tries": message("Too many tries"),
        "passkey_counter": message("The passkey may have been copied"),
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
