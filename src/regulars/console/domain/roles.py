"""The words for roles: what each is for, how wide it is given, which area a permission is of."""

from collections.abc import Mapping
from types import MappingProxyType

from regulars.kit.messages import message

ROLE_PURPOSES: Mapping[str, str] = MappingProxyType(
    {
        "clerk": message("Serves at the counter: finds one member at a time, spends points."),
        "store_manager": message("Runs one store: its members, its orders, small corrections."),
        "regional_manager": message("Watches over several stores and approves their corrections."),
        "operations": message("Runs the programme: members, imports, sources, corrections."),
        "analyst": message("Reads and compares, changes nothing, sees masked data."),
        "finance": message("Looks after points as money owed: corrections, reversals, exports."),
        "privacy_officer": message("Answers members' requests about their data; may unmask it."),
        "administrator": message("Manages colleagues, keys and settings of a house without three."),
        "system_administrator": message(
            "Runs the installation; gives no roles, reads no audit log."
        ),
        "security_administrator": message("Gives roles and keys; sees no business data."),
        "audit_administrator": message("Reads the audit log and nothing else."),
        "owner": message("May do everything there is, now and later."),
    }
)
WIDTHS: Mapping[str, str] = MappingProxyType(
    {
        "all": message("the whole house"),
        "region": message("a region"),
        "store": message("a store"),
        "own": message("members they look after"),
    }
)
AREAS: Mapping[str, str] = MappingProxyType(
    {
        "members": message("Members"),
        "trade": message("Trade"),
        "points": message("Points"),
        "data": message("Data"),
        "administration": message("Administration"),
    }
)
_AREA_OF: Mapping[str, str] = MappingProxyType(
    {
        "members": "members",
        "tags": "members",
        "consents": "members",
        "privacy": "members",
        "timeline": "members",
        "tiers": "members",
        "orders": "trade",
        "catalogue": "trade",
        "stores": "trade",
        "points": "points",
        "verify": "points",
        "events": "data",
        "imports": "data",
        "exports": "data",
        "sources": "data",
        "dead_letters": "data",
        "fields": "data",
        "retention": "data",
    }
)


def area_of(permission: str) -> str:
    """Answer the area a permission is shown under."""
    return _AREA_OF.get(permission.partition(".")[0], "administration")
