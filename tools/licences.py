"""Fail when a package of the lock has a licence that an Apache-2.0 project cannot ship with.

Permissive licences pass; LGPL passes for psycopg only, MPL-2.0 for certifi and the test tools.
"""

import re
import sys
from importlib.metadata import PackageNotFoundError, distribution, metadata
from pathlib import Path

PERMISSIVE = re.compile(
    r"\b(MIT|BSD|Apache|ISC|PSF|Python Software Foundation|Unlicense|Zlib|0BSD|HPND|CC0"
    r"|Historical Permission|PostgreSQL)\b",
    re.IGNORECASE,
)
ALLOWED = {
    "psycopg": "LGPL",
    "psycopg-binary": "LGPL",
    "psycopg-pool": "LGPL",
    "certifi": "MPL",
    "pathspec": "MPL",
    "hypothesis": "MPL",
}


def licence_of(name: str) -> str:
    """Collect what a package says of its licence: expression, field, classifiers, or its file."""
    found = metadata(name)
    words = [found.get("License-Expression") or "", (found.get("License") or "")[:200]]
    words += [c for c in found.get_all("Classifier") or [] if c.startswith("License")]
    return " ; ".join(word for word in words if word) or _opening_of_file(name)


def _opening_of_file(name: str) -> str:
    """Answer the first words of the licence file, for packages that say nothing else."""
    files = distribution(name).files or []
    shown = (each.read_text() for each in files if each.name.upper().startswith("LICEN"))
    return next(shown, "")[:200]


def main() -> int:
    """Check every locked package; print what does not pass."""
    lock = Path("requirements/dev.lock").read_text(encoding="utf-8")
    names = re.findall(r"^([A-Za-z0-9_.-]+)==", lock, flags=re.MULTILINE)
    bad = []
    for name in names:
        try:
            said = licence_of(name)
        except PackageNotFoundError:
            continue
        wanted = ALLOWED.get(name)
        if not (PERMISSIVE.search(said) or (wanted and wanted in said.upper())):
            bad.append(f"{name}: {said or 'says nothing'}")
    print("\n".join(bad))
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
