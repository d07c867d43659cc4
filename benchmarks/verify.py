"""How long it takes to prove the whole ledger, for each million of transfers."""

import json
import statistics
import subprocess
import sys

from benchmarks.harness import Bench, Row
from benchmarks.ledger import AGED, ensure_aged

ASK_SECONDS = 4.0
_CODE = (
    "import django, json; django.setup();"
    "from regulars.ledger import services as ledger;"
    "print(json.dumps(ledger.verify().as_json()))"
)


def run(bench: Bench) -> list[Row]:
    """Verify the aged ledger several times in fresh processes."""
    total = ensure_aged(bench)
    spent: list[float] = []
    slowest: dict[str, object] = {}
    for _ in range(bench.size(1, 3)):
        ran = subprocess.run(
            [sys.executable, "-c", _CODE],
            check=True,
            capture_output=True,
            text=True,
            env=bench.environment(AGED),
        )
        verdict = json.loads(ran.stdout)
        if not verdict["ok"]:
            raise RuntimeError(f"the ledger does not add up: {verdict}")
        spent.append(verdict["ms"] / 1000 / (total / 1e6))
        checks = sorted(verdict["checks"], key=lambda check: -check["ms"])
        slowest = {f"{check['check']}_ms": check["ms"] for check in checks[:4]}
        bench.say(f"verify: {verdict['ms'] / 1000:.1f} s over {total:,} transfers")
    ours = statistics.median(spent)
    return [
        Row(
            name=f"verify --all over {total / 1e6:.1f} M transfers",
            ours=round(ours, 2),
            unit="s per million",
            ask=f"≤ {ASK_SECONDS:g} s",
            met=ours <= ASK_SECONDS,
            turns=tuple(round(figure, 2) for figure in spent),
            notes=slowest,
        )
    ]
