"""A million order rows as CSV through the command line: rows a second, and memory held.

The file is one a shop would export: Chinese headings, times without a zone, one row an order.
"""

import json
import os
import random
import subprocess
import sys
import time
from datetime import datetime, timedelta
from pathlib import Path

from benchmarks.harness import Bench, Row
from benchmarks.shop import phone_of

DATABASE = "imports"
ASK_MB = 400
BUYERS = 100_000
STATES = ("交易完成", "交易完成", "交易完成", "已发货", "待付款", "交易关闭")


def run(bench: Bench) -> list[Row]:
    """Import a fresh file into a fresh database."""
    rows = bench.size(50_000, 1_000_000)
    file = write_orders_file(bench.var / "orders.csv", rows=rows)
    bench.fresh_database(DATABASE)
    began = time.time()
    process = subprocess.Popen(
        [sys.executable, "-m", "regulars.cli", "import", "orders", str(file),
         "--source", "till", "--json"],
        env=bench.environment(DATABASE), stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    assert process.stdout is not None
    said = process.stdout.read()
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    lasted = time.time() - began
    report = json.loads(said)
    done = report["new"] + report["updated"] + report["skipped"]
    peak = usage.ru_maxrss / 1024
    notes = {
        "rows": rows,
        "seconds": round(lasted, 1),
        "new": report["new"],
        "errors": report["errors"],
        "python_us": round((usage.ru_utime + usage.ru_stime) / rows * 1e6, 1),
    }
    whole = done == rows and process.returncode == 0
    return [
        Row(name=f"import {rows:,} orders", ours=round(rows / lasted, 1), unit="rows/s",
            met=whole, ask="every row in", notes=notes),
        Row(name="peak memory of the import", ours=round(peak, 1), peer=float(ASK_MB),
            ratio=round(peak / ASK_MB, 2), unit="MB", ask=f"< {ASK_MB} MB", met=peak < ASK_MB),
    ]  # fmt: skip


def write_orders_file(path: Path, *, rows: int) -> Path:
    """Write so many orders; a file that has them already is kept."""
    stamp = path.with_suffix(".rows")
    if path.exists() and stamp.exists() and stamp.read_text() == str(rows):
        return path
    draw = random.Random(rows)
    start = datetime(2025, 6, 1)  # noqa: DTZ001 a shop's file has no zones
    with path.open("w", encoding="utf-8") as file:
        file.write(
            "订单号,订单状态,买家手机号,下单时间,付款时间,完成时间,商品金额合计,实付金额,SKU\n"
        )
        for number in range(rows):
            made = start + timedelta(seconds=draw.randrange(500 * 86_400))
            state = draw.choice(STATES)
            paid = made + timedelta(seconds=draw.randrange(10, 600))
            ended = paid + timedelta(days=3)
            amount = f"{draw.randrange(900, 18_000) / 100:.2f}"
            buyer = phone_of(draw.randrange(BUYERS))
            has_paid = state not in {"待付款", "交易关闭"}
            file.write(
                f"E{number:010d},{state},{buyer},{made},{paid if has_paid else ''},"
                f"{ended if state == '交易完成' else ''},{amount},{amount if has_paid else ''},P1\n"
            )
    stamp.write_text(str(rows))
    return path
