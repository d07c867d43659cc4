"""The pages of getting in and out: sign-in in one or two steps, proofs, the first set-up."""

from django.urls import URLPattern, path

from regulars.access.pages.own_factors import (
    add_passkey,
    add_totp,
    make_recovery_codes,
    remove_factor,
    rename_passkey,
)
from regulars.access.pages.passkeys import passkey_options, sign_in_by_passkey
from regulars.access.pages.proving import ask_for_proof, step_up
from regulars.access.pages.second_step import enrol, second_step
from regulars.access.pages.setting_up import set_up
from regulars.access.pages.signing_in import sign_in, sign_in_by_link, sign_out

ROUTES: tuple[URLPattern, ...] = (
    path("sign-in", sign_in, name="access-sign-in"),
    path("sign-out", sign_out, name="access-sign-out"),
    path("sign-in/passkey", sign_in_by_passkey, name="access-sign-in-passkey"),
    path("sign-in/second-step", second_step, name="access-second-step"),
    path("sign-in/enrol", enrol, name="access-enrol"),
    path("sign-in/<str:token>", sign_in_by_link, name="access-sign-in-link"),
    path("set-up/<str:token>", set_up, name="access-set-up"),
    path("step-up", step_up, name="access-step-up"),
    path("passkey/options", passkey_options, name="access-passkey-options"),
    path("console/account/codes", add_totp, name="console-account-totp"),
    path("console/account/passkey", add_passkey, name="console-account-passkey"),
    path(
        "console/account/passkey/<uuid:public_id>/name",
        rename_passkey,
        name="console-account-passkey-name",
    ),
    path(
        "console/account/factor/<uuid:public_id>/remove",
        remove_factor,
        name="console-account-factor-remove",
    ),
    path(
        "console/account/recovery-codes",
        make_recovery_codes,
        name="console-account-recovery-codes",
    ),
)

__all__ = [
    "ROUTES",
    "ask_for_proof",
    "enrol",
    "second_step",
    "set_up",
    "sign_in",
    "sign_in_by_link",
    "sign_in_by_passkey",
    "sign_out",
    "step_up",
]
