"""The rig: one PostgreSQL per run, a migrated template, a clone per worker and per committed test.

Tests marked `django_db` run in a transaction that is rolled back, as the application's role.
Tests that must commit (threads, the log's horizon, consumers) ask for `committed_db` and get a
database of their own, cloned from the template and dropped afterwards.
"""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from pytest_django import DjangoDbBlocker

from tests.environment import OWNER, rig_folder
from tests.sizes import SOAK

# Every run meets the same generated cases, so that one commit has one verdict; a soak draws new
# ones each time. No case has a time limit of its own: machines are shared. A fixture may serve
# all cases of a test: those that matter make their own state.
UNHURRIED = settings(
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
settings.register_profile("same", UNHURRIED, derandomize=True)
settings.register_profile("new", UNHURRIED)
settings.load_profile("new" if SOAK else "same")


def pytest_configure(config: pytest.Config) -> None:
    if hasattr(config, "workerinput") or config.option.collectonly:
        return
    from tests import rig

    rig.start(rig_folder())


def pytest_unconfigure(config: pytest.Config) -> None:
    if hasattr(config, "workerinput") or config.option.collectonly:
        return
    if os.environ.get(OWNER) != str(os.getpid()):
        return
    from tests import rig

    rig.stop(rig_folder())
    shutil.rmtree(rig_folder(), ignore_errors=True)


STAGES = ("architecture", "kit", "science", "domain", "", "stories", "faults", "browser")


def _stage(item: pytest.Item) -> int:
    path = item.path.as_posix()
    for number, name in enumerate(STAGES):
        if name and (f"/tests/{name}/" in path or path.endswith(f"test_{name}.py")):
            return number
    return STAGES.index("")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    items.sort(key=_stage)


@pytest.fixture(scope="session")
def django_db_setup(django_db_blocker: object) -> Iterator[None]:
    from tests import rig

    name = f"worker_{os.environ.get('PYTEST_XDIST_WORKER', 'main')}_{os.getpid()}"
    rig.clone(rig_folder(), name)
    rig.point_to(name)
    yield
    rig.leave()
    rig.drop(rig_folder(), name)


@pytest.fixture
def committed_db(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[str]:
    """Give the test a database of its own in which everything commits; answers its name."""
    from tests import rig

    before = rig.current()
    name = f"own_{os.getpid()}_{rig.next_number()}"
    rig.clone(rig_folder(), name)
    with django_db_blocker.unblock():
        rig.point_to(name)
        try:
            yield name
        finally:
            rig.leave()
            rig.point_to(before)
            rig.drop(rig_folder(), name)


@pytest.fixture(autouse=True)
def _no_outside(socket_disabled_for_outside: None) -> None:
    """Close sockets to anywhere but this machine."""


@pytest.fixture
def socket_disabled_for_outside() -> Iterator[None]:
    import pytest_socket

    pytest_socket.socket_allow_hosts(["127.0.0.1", "localhost", "::1"], allow_unix_socket=True)
    yield
    pytest_socket._remove_restrictions()


@pytest.fixture
def own_var(settings: Any, tmp_path: Path) -> Path:
    """Give the test a state folder of its own, under the run's keys; answers the folder.

    The keys stay, because a process reads them once: what this test seals, the next must open.
    """
    from regulars.web import crypto

    crypto.keyring()
    keys, var = Path(settings.REGULARS_VAR) / "keys", tmp_path / "var"
    var.mkdir()
    (var / "keys").symlink_to(keys)
    settings.REGULARS_VAR = var
    return var
