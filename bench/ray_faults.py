"""Kill whatever can be killed during a run on Ray, and see whether the records are those of an
undisturbed one.

    python bench/ray_faults.py               20,000 items: workers killed every few seconds, the
                                             driver three times, one of two nodes taken away
    python bench/ray_faults.py --items 2000 --every 1

Exits with 1 if a record is missing, doubled or another one.
"""

from __future__ import annotations

import argparse
import signal
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from random import Random

from made_items import write_items

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests"))
from ray_setup import command, count, killing, records, run, two_nodes


def disturbed(items: Path, out: Path, total: int, every: float, delay: float) -> str:
    """The run with everything dying; what was done to it."""
    dice, folder = Random(0), out.parent / "living"
    drivers, removed, workers = 0, threading.Event(), 0
    with two_nodes() as cluster:
        ask = command(items, out, cluster.address, folder, delay)
        while True:
            with killing(folder, every, dice, most=10**9) as killed:
                driver = subprocess.Popen(ask, stdout=subprocess.DEVNULL)
                goal = total * (drivers + 1) // 4
                while driver.poll() is None:
                    time.sleep(0.2)
                    stored = count(out)
                    if drivers < 3 and stored > goal:
                        driver.send_signal(signal.SIGKILL)
                    elif stored > total * 0.9 and not removed.is_set():
                        cluster.remove_node(next(iter(cluster.worker_nodes)), allow_graceful=False)
                        removed.set()
            workers += len(killed)
            for file in folder.glob("*"):
                file.unlink()
            if driver.returncode != -signal.SIGKILL:
                break
            drivers += 1
            print(f"the driver was killed with {count(out):,} of {total:,} stored", flush=True)
    if driver.returncode:
        raise SystemExit(f"the last driver ended with {driver.returncode}")
    return (
        f"{workers} workers killed, the driver {drivers} times,"
        f" {'one of two nodes' if removed.is_set() else 'no node'} removed"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--items", type=int, default=20_000)
    parser.add_argument("--every", type=float, default=3, help="seconds between kills, on average")
    parser.add_argument("--delay", type=float, default=0.05, help="seconds a batch of 8")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="unieval-bench-") as made:
        folder = Path(made)
        items = folder / "items.jsonl"
        write_items(items, given.items)
        run(items, folder / "undisturbed", "random")
        began = time.monotonic()
        total = 2 * given.items
        done = disturbed(items, folder / "run", total, given.every, given.delay)
        found, wanted = records(folder / "run"), records(folder / "undisturbed")
        same = found == wanted
        print(
            f"{given.items:,} items, {len(found):,} records in {time.monotonic() - began:,.0f} s;"
            f" {done}: {'equal to' if same else 'NOT'} those of an undisturbed run"
        )
        sys.exit(not same)


if __name__ == "__main__":
    main()
