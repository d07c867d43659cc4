"""Stop with a sentence when the Python at hand is too old."""

import sys

if sys.version_info < (3, 11):  # noqa: UP036 this script exists for older ones
    found = ".".join(map(str, sys.version_info[:3]))
    sys.exit(f"Regulars needs Python 3.11 or newer; this is {found}. Try: make PYTHON=python3.11")
