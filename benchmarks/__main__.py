"""The command: run the named benchmarks, or all, and print a table or one JSON object."""

import argparse
import importlib
import json
import os
import pkgutil
import sys
from pathlib import Path

import benchmarks
from benchmarks.harness import Bench, show

NOT_BENCHMARKS = {"__main__", "browsing", "callers", "harness", "shop", "workers"}

ALIASES = {"import": "imports"}  # a module cannot be called import


def names() -> list[str]:
    """List the benchmarks: every module of this package that is not plumbing."""
    found = [module.name for module in pkgutil.iter_modules(benchmarks.__path__)]
    return [name for name in found if name not in NOT_BENCHMARKS]


def main() -> int:
    """Run; exit 0 when every ask was met, 1 when one was not, 2 on a wrong name."""
    parser = argparse.ArgumentParser(prog="benchmarks", description=__doc__)
    parser.add_argument("name", nargs="*", help=f"any of: {', '.join(names())}")
    parser.add_argument("--quick", action="store_true", help="smaller and shorter: a smoke test")
    parser.add_argument("--json", action="store_true", help="one JSON object on standard output")
    parser.add_argument(
        "--var",
        type=Path,
        default=Path(os.environ.get("REGULARS_BENCH_VAR", "bench-state")),
        help="the folder that keeps the benchmark's database",
    )
    options = parser.parse_args()
    wanted = [ALIASES.get(name, name) for name in options.name]
    unknown = sorted(set(wanted) - set(names()))
    if unknown:
        parser.error(f"no such benchmark: {', '.join(unknown)}")
    bench = Bench(var=options.var.absolute(), quick=options.quick)
    with bench:
        rows = []
        for name in wanted or names():
            found = importlib.import_module(f"benchmarks.{name}").run(bench)
            rows.extend(found)
            if not options.json:
                show(name, found)
    if options.json:
        print(json.dumps({"quick": options.quick, "rows": [row.as_json() for row in rows]}))
    return 0 if all(row.met is not False for row in rows) else 1


if __name__ == "__main__":
    sys.exit(main())
