"""How access does what was approved about roles, keys and its policy."""

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Final

from regulars.access.domain import Approval, Executor, Scope
from regulars.access.selectors import stores
from regulars.access.services import key_making, policy, roles


def _roles_within(found: Sequence[Approval], scope: Scope) -> frozenset[int]:
    """Answer the role grants that give nothing outside the scope."""
    reaches = roles.reaches_of({str(each.payload["scope"]) for each in found})
    return frozenset(
        each.id for each in found if scope.contains(reaches[str(each.payload["scope"])])
    )


def _keys_within(found: Sequence[Approval], scope: Scope) -> frozenset[int]:
    """Answer the keys for a store within the scope, or for all where the scope is all."""
    named = {str(each.payload["store"]) for each in found if each.payload["store"]}
    ids = stores.store_ids_by_code(named)
    return frozenset(
        each.id for each in found if scope.covers_store(ids.get(str(each.payload["store"])))
    )


def _everywhere(found: Sequence[Approval], scope: Scope) -> frozenset[int]:
    """Answer all, to those who reach everywhere; nothing to others."""
    return frozenset(each.id for each in found) if scope.everything else frozenset()


EXECUTORS: Final[Mapping[str, Executor]] = MappingProxyType(
    {
        roles.KIND: Executor(execute=roles.execute, within=_roles_within),
        key_making.KIND: Executor(execute=key_making.execute, within=_keys_within),
        policy.KIND: Executor(execute=policy.execute, within=_everywhere),
    }
)
