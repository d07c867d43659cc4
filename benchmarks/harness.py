"""The plumbing of the benchmarks: a database of their own, the peer, and how rows are shown.

The embedded PostgreSQL runs with the settings it has in production: durable. The peer is
pgbench's TPC-B (8 clients, prepared, scale 20) against the same server, in turns with ours, so
that both meet the same machine in the same mood. A figure is the median of its turns.
"""

import os
import resource
import statistics
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Self

import psycopg
from psycopg import sql as pg
from rich.console import Console
from rich.table import Table

from regulars.web import postgres

PEER_SCALE = 20
PEER_CLIENTS = 8
PEER_DATABASE = "tpcb"
console = Console(stderr=True)


@dataclass(frozen=True, slots=True)
class Row:
    """One line of a result; without a peer the ask is a limit on ours."""

    name: str
    ours: float
    unit: str
    peer: float | None = None
    ratio: float | None = None
    ask: str = ""
    met: bool | None = None
    turns: tuple[float, ...] = ()
    notes: dict[str, Any] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        """Say it for machines."""
        return asdict(self)


@dataclass(slots=True)
class Bench:
    """A running server with durable settings, in a folder of its own."""

    var: Path
    quick: bool
    server: postgres.Server = field(init=False)
    peer_cpu_us: list[float] = field(default_factory=list)

    def __enter__(self) -> Self:
        self.var.mkdir(parents=True, exist_ok=True)
        os.environ["REGULARS_VAR"] = str(self.var)
        os.environ["DJANGO_SETTINGS_MODULE"] = "regulars.settings"
        os.environ.pop("DATABASE_URL", None)
        os.environ.pop("DATABASE_OWNER_URL", None)
        self.server = postgres.Server(self.var)
        self.server.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.server.stop()

    def size(self, quick: int, full: int) -> int:
        """Answer the size of this run."""
        return quick if self.quick else full

    def say(self, text: str) -> None:
        """Tell the person who waits what is going on."""
        console.print(f"[dim]{text}[/dim]")

    def owner(self, database: str) -> psycopg.Connection[tuple[Any, ...]]:
        """Connect as the owner of the tables."""
        return psycopg.connect(self.server.url("owner", database=database), autocommit=True)

    def has_database(self, name: str) -> bool:
        """Tell whether the server holds such a database."""
        with self.owner("postgres") as link:
            found = link.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name])
            return found.fetchone() is not None

    def drop_database(self, name: str) -> None:
        """Drop a database, whoever is connected."""
        with self.owner("postgres") as link:
            link.execute(
                pg.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(pg.Identifier(name))
            )

    def fresh_database(self, name: str) -> None:
        """Make a database anew, with the newest tables."""
        self.drop_database(name)
        with self.owner("postgres") as link:
            link.execute(pg.SQL("CREATE DATABASE {}").format(pg.Identifier(name)))
        self.migrate(name)

    def migrate(self, name: str) -> None:
        """Bring a database to the newest tables."""
        code = (
            "import django; django.setup();"
            "from django.core.management import call_command as c;"
            "c('migrate', database='owner', verbosity=0, interactive=False);"
            "from django.db import connections;"
            "from regulars.web.postgres import grants;"
            "grants.apply(connections['owner'])"
        )
        subprocess.run([sys.executable, "-c", code], check=True, env=self.environment(name))

    def environment(self, database: str) -> dict[str, str]:
        """Answer the environment in which our own processes speak to a database."""
        urls = self.server.urls(database=database)
        return {
            **os.environ,
            "DATABASE_URL": urls.app,
            "DATABASE_OWNER_URL": urls.owner,
            "PYTHONPATH": os.pathsep.join([str(Path("src").absolute()), str(Path.cwd())]),
        }

    def analyse(self, database: str) -> None:
        """Let the planner know the tables, as autovacuum would in a minute."""
        with self.owner(database) as link:
            link.execute("VACUUM (ANALYZE)")

    def server_cpu_seconds(self) -> float:
        """Answer what processor time the server has used, all its processes together.

        Where other work shares the machine, time on the clock says little; this still does.
        """
        postmaster = self.server.status().pid
        ticks = 0
        for stat in Path("/proc").glob("[0-9]*/stat"):
            try:
                fields = stat.read_text().rpartition(")")[2].split()
            except OSError:
                continue  # it ended while we looked; its time is the postmaster's by now
            if postmaster in {int(stat.parent.name), int(fields[1])}:
                ticks += int(fields[11]) + int(fields[12])
                if int(stat.parent.name) == postmaster:
                    ticks += int(fields[13]) + int(fields[14])
        return ticks / os.sysconf("SC_CLK_TCK")

    def prepare_peer(self) -> None:
        """Fill the peer's tables once; later runs use them again."""
        if self.has_database(PEER_DATABASE):
            return
        with self.owner("postgres") as link:
            link.execute(pg.SQL("CREATE DATABASE {}").format(pg.Identifier(PEER_DATABASE)))
        self._pgbench("--initialize", "--quiet", f"--scale={PEER_SCALE}")
        self.peer_tps(seconds=5)  # the first run after loading is slow

    def peer_tps(self, *, seconds: int) -> float:
        """Measure pgbench's TPC-B once, and note what processor time a transaction took."""
        server, client = self.server_cpu_seconds(), _children_cpu_seconds()
        said = self._pgbench(
            f"--client={PEER_CLIENTS}",
            "--jobs=2",
            "--protocol=prepared",
            "--no-vacuum",
            f"--time={seconds}",
        )
        lines = {line.partition(" = ")[0]: line for line in said.splitlines()}
        tps = float(lines["tps"].split()[2])
        used = self.server_cpu_seconds() - server + _children_cpu_seconds() - client
        self.peer_cpu_us.append(used / (tps * seconds) * 1e6)
        return tps

    def in_turns(
        self, ours: dict[str, Callable[[], float]], *, turns: int, seconds: int
    ) -> tuple[dict[str, list[float]], list[float]]:
        """Measure the peer and each of ours in turns; answers all figures."""
        self.prepare_peer()
        figures: dict[str, list[float]] = {name: [] for name in ours}
        peers: list[float] = []
        for turn in range(1, turns + 1):
            peers.append(self.peer_tps(seconds=seconds))
            said = [f"turn {turn}: TPC-B {peers[-1]:,.0f}"]
            for name, measure in ours.items():
                figures[name].append(measure())
                said.append(f"{name} {figures[name][-1]:,.0f}")
            self.say(" · ".join(said))
        return figures, peers

    def _pgbench(self, *arguments: str) -> str:
        binary = self.server.binaries.path("pgbench")
        url = self.server.url("owner", database=PEER_DATABASE)
        ran = subprocess.run(
            [str(binary), *arguments, url], check=True, capture_output=True, text=True
        )
        return ran.stdout


def _children_cpu_seconds() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def against_peer(
    name: str,
    figures: Sequence[float],
    peers: Sequence[float],
    *,
    unit: str,
    ask: float | None,
    notes: dict[str, Any] | None = None,
) -> Row:
    """Compare medians; `ask` is the ratio that is asked for, or None where nothing is."""
    ours, peer = statistics.median(figures), statistics.median(peers)
    ratio = ours / peer
    return Row(
        name=name,
        ours=round(ours, 1),
        unit=unit,
        peer=round(peer, 1),
        ratio=round(ratio, 2),
        ask="" if ask is None else f"≥ {ask:g} × TPC-B",
        met=None if ask is None else ratio >= ask,
        turns=tuple(round(figure, 1) for figure in figures),
        notes=notes or {},
    )


def show(title: str, rows: Sequence[Row]) -> None:
    """Print a table for people."""
    table = Table(title=title, title_justify="left")
    for heading in ("what", "ours", "peer", "ratio", "unit", "ask", "met", "turns", "notes"):
        table.add_column(
            heading, justify="right" if heading in {"ours", "peer", "ratio"} else "left"
        )
    for row in rows:
        met = {True: "[green]yes[/green]", False: "[red]no[/red]", None: ""}[row.met]
        table.add_row(
            row.name,
            _figure(row.ours),
            "" if row.peer is None else _figure(row.peer),
            "" if row.ratio is None else f"{row.ratio:.2f} ×",
            row.unit,
            row.ask,
            met,
            " ".join(_figure(figure) for figure in row.turns),
            " ".join(f"{k}={v}" for k, v in row.notes.items() if not isinstance(v, dict)),
        )
    Console().print(table)


def _figure(value: float) -> str:
    """Write large figures whole and small ones with what matters behind the point."""
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:,.2f}"
