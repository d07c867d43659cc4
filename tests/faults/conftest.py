"""One durable installation per process of the test run; every test leaves it running and clean."""

from collections.abc import Iterator

import pytest

from tests.faults.installation import Installation, made


@pytest.fixture(scope="session")
def installed() -> Iterator[Installation]:
    with made() as installation:
        yield installation


@pytest.fixture
def installation(installed: Installation) -> Installation:
    """The installation, up and answering whatever the test before did to it."""
    installed.server.start()
    return installed
