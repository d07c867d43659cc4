"""The catalogue is whole: every sentence of every app has its Chinese, with the same facts."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
TOOL = ROOT / "tools" / "translations.py"


def test_every_sentence_is_translated() -> None:
    done = subprocess.run(
        [sys.executable, TOOL, "check"], check=False, capture_output=True, text=True, cwd=ROOT
    )

    assert done.returncode == 0, done.stdout[-4_000:] + done.stderr


def test_the_tool_explains_itself() -> None:
    done = subprocess.run([sys.executable, TOOL], check=False, capture_output=True, text=True)

    assert (done.returncode, done.stderr) == (2, "usage: translations.py extract|compile|check\n")
