"""The check of the audit chain from the console, in a house that nobody else writes to."""

from datetime import datetime, timedelta
from pathlib import Path

import pytest

from regulars.access import selectors as access
from regulars.access import services, tasks
from regulars.web import clock, progress
from tests.console.shop import open_shop, signed_in
from tests.console.test_audit_pages import text_of


@pytest.fixture
def at(committed_db: str, own_var: Path) -> datetime:
    """Answer the time in a house whose checkpoints are its own, too."""
    return clock.now()


class TestChain:
    @pytest.mark.reliability("RH18")
    def test_says_that_the_chain_is_whole(self, at: datetime) -> None:
        open_shop(at)
        owner = signed_in(at)
        services.seal_audit(at + timedelta(minutes=1))

        owner.post("/console/audit/check")
        [waiting], _ = progress.list_progress(owner=None, kind="audit_check")
        asked = text_of(owner, "/console/audit")
        tasks.check_chain(str(waiting.id))

        assert "The chain is being checked." in asked
        assert "The chain is whole" in text_of(owner, "/console/audit")
        assert [each.result for each in access.list_audit(action="audit.checked")] == ["ok"]
