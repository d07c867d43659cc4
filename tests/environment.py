"""Loaded before everything else: gives the run a folder of its own for all its state.

Named by `-p` in the options, because Django's settings are read before any conftest.
"""

import os
import tempfile
from pathlib import Path

RIG = "REGULARS_TEST_RIG"
OWNER = "REGULARS_TEST_RIG_OWNER"


def rig_folder() -> Path:
    """Answer the folder of this run; the first process makes it, workers inherit it."""
    known = os.environ.get(RIG)
    if known is None:
        known = tempfile.mkdtemp(prefix="regulars-test-")
        Path(known).chmod(0o755)
        os.environ[RIG] = known
        os.environ[OWNER] = str(os.getpid())
    return Path(known)


os.environ["REGULARS_VAR"] = str(rig_folder())
os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "1"  # Playwright keeps a loop in the thread of the tests
os.environ.pop("DATABASE_URL", None)
os.environ.pop("DATABASE_OWNER_URL", None)
