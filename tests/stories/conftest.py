"""The shop every story happens in."""

import pytest

from tests.stories.house import Shop


@pytest.fixture
def shop(db: None) -> Shop:
    """A shop in Shanghai at noon on 1 March 2026 that does not report completion."""
    return Shop()
