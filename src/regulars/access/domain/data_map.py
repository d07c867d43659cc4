"""The data map of access: every column that holds personal data of the people who work here.

Members' data has its map in `members`. A text or byte column of this app that stands in neither
list fails a test, so nobody can add personal data by accident.
"""

from dataclasses import dataclass

from regulars.kit.messages import message


@dataclass(frozen=True, slots=True)
class PersonalColumn:
    """One column with personal data: how it is kept, what for, and when it ends."""

    table: str
    name: str
    kept_as: str  # sealed: house key, bound to the account; index: HMAC; network: shortened
    purpose: str
    ends: str


_SIGN_IN = message("To let the person sign in.")
_ADDRESS = message("To show colleagues who did what.")
_DEFENCE = message("To slow down guessing of passwords.")
_PROOF = message("To prove who did what, from which network.")
_WITH_ACCOUNT = message("With the account.")
_AFTER_30_DAYS = message("30 days after the last try.")
_WITH_AUDIT = message("With the audit log.")
_SESSIONS = message("To show people where they are signed in.")
_SECOND = message("To check the second factor.")
_AFTER_7_DAYS = message("7 days after the session began.")
_AFTER_A_DAY = message("Within a day.")

PERSONAL_COLUMNS: tuple[PersonalColumn, ...] = (
    PersonalColumn("access_staff", "email_sealed", "sealed", _SIGN_IN, _WITH_ACCOUNT),
    PersonalColumn("access_staff", "email_index", "index", _SIGN_IN, _WITH_ACCOUNT),
    PersonalColumn("access_staff", "name_sealed", "sealed", _ADDRESS, _WITH_ACCOUNT),
    PersonalColumn("access_staff", "code", "plain", _ADDRESS, _WITH_ACCOUNT),
    PersonalColumn("access_staff", "password", "argon2id", _SIGN_IN, _WITH_ACCOUNT),
    PersonalColumn("access_session", "device", "plain", _SESSIONS, _AFTER_7_DAYS),
    PersonalColumn("access_session", "network", "network", _SESSIONS, _AFTER_7_DAYS),
    PersonalColumn("access_factor", "name_sealed", "sealed", _SECOND, _WITH_ACCOUNT),
    PersonalColumn("access_factor", "secret_sealed", "sealed", _SECOND, _WITH_ACCOUNT),
    PersonalColumn("access_factor", "credential_id", "plain", _SECOND, _WITH_ACCOUNT),
    PersonalColumn("access_recoverycode", "code_hash", "index", _SECOND, _WITH_ACCOUNT),
    PersonalColumn("access_challenge", "state_sealed", "sealed", _SECOND, _AFTER_A_DAY),
    PersonalColumn("access_trylog", "key", "index", _DEFENCE, _AFTER_30_DAYS),
    PersonalColumn("access_audit_entry", "network", "network", _PROOF, _WITH_AUDIT),
    PersonalColumn("access_audit_entry", "note", "sealed", _PROOF, _WITH_AUDIT),
)

TECHNICAL_COLUMNS: frozenset[tuple[str, str]] = frozenset(
    {
        ("access_brand", "code"),
        ("access_brand", "name"),
        ("access_brand", "zone"),
        ("access_region", "code"),
        ("access_region", "name"),
        ("access_store", "code"),
        ("access_store", "name"),
        ("access_store", "kind"),
        ("access_store", "zone"),
        ("access_staff", "language"),
        ("access_session", "how"),
        ("access_factor", "kind"),
        ("access_challenge", "purpose"),
        ("access_grant", "role"),
        ("access_grant", "scope_kind"),
        ("access_apikey", "name"),
        ("access_apikey", "secret_hash"),
        ("access_apikey", "title"),
        ("access_apikey", "permissions"),
        ("access_apikey", "networks"),
        ("access_onetimelink", "purpose"),
        ("access_onetimelink", "token_hash"),
        ("access_audit_entry", "actor_kind"),
        ("access_audit_entry", "action"),
        ("access_audit_entry", "object_kind"),
        ("access_audit_entry", "object_id"),
        ("access_audit_entry", "result"),
        ("access_audit_entry", "reason_code"),
        ("access_audit_entry", "details"),
        ("access_audit_seal", "hash"),
        ("access_role", "name"),
        ("access_role", "permissions"),
        ("access_role", "scopes"),
        ("access_policy_version", "settings"),
        ("access_policy_version", "changed_by_kind"),
        ("access_approval", "kind"),
        ("access_approval", "payload"),
        ("access_approval", "payload_hash"),
        ("access_approval", "object_kind"),
        ("access_approval", "object_id"),
        ("access_approval", "reason_code"),
        ("access_approval", "maker_kind"),
        ("access_approval", "state"),
        ("access_approval", "outcome"),
    }
)
