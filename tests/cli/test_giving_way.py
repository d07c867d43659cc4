"""An import beside a serving shop takes less of the machine."""

import psycopg
import pytest

from regulars.cli import environment
from regulars.web import postgres
from tests import rig
from tests.environment import rig_folder


@pytest.mark.capability("A4")
def test_knows_whether_the_web_serves(committed_db: str) -> None:
    url = postgres.Server(rig_folder(), durable=False).url("app", database=rig.current())
    before = environment.is_served()

    with psycopg.connect(url, application_name="regulars web"):
        during = environment.is_served()

    assert (before, during) == (False, True)
