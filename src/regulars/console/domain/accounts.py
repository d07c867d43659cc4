"""Words for accounts: how somebody came in."""

from regulars.kit.messages import message

_WAYS = {
    "password": message("password"),
    "link": message("one-time link"),
    "set_up": message("first set-up"),
    "totp": message("authenticator app"),
    "passkey": message("passkey"),
    "recovery_code": message("recovery code"),
    "enrolled": message("second factor set up"),
    "factor_removed": message("second factor removed"),
}


def ways_of(how: str) -> tuple[str, ...]:
    """Answer the steps somebody came in by, as texts to translate: password, passkey."""
    return tuple(_WAYS[part] for part in how.split("+") if part in _WAYS)
