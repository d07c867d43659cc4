"""A folder for servers that a test makes itself."""

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from regulars.web.postgres import Server


@pytest.fixture
def var() -> Iterator[Path]:
    """A short folder of its own that any account may enter; whatever runs in it is stopped."""
    folder = Path(tempfile.mkdtemp(prefix="rg-", dir="/tmp"))
    folder.chmod(0o755)
    yield folder
    Server(folder).stop()
    shutil.rmtree(folder, ignore_errors=True)
