"""What the harness costs beside a plain Python loop, beside itself at ten times the size, and
beside other harnesses. Prints ratios and asserts no timing.

    python bench/harness_overhead.py                  100,000 items, then 1,000,000 for the memory
    python bench/harness_overhead.py --quick          without the 1,000,000
    python bench/harness_overhead.py --peers          also lm-eval and inspect_ai, in a venv that
                                                      is made in the cache (needs a package index)

Every figure is of a process of its own, median of ``--repeats`` runs that take turns. The judge
costs nothing (``first``), so all that is measured is the harness: start-up, the plan's pass over
the data, judging with every record durable, and scoring with 95% intervals. The plain loop does
the work that it shares with the harness and no more; the program checks that both arrive at the
same accuracy.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from made_items import write_items
from measured import FailedError, Usage, measure, median
from rich.console import Console
from rich.table import Table

ORDERS = ("given", "both")
TASK = "genai-bench-image"
PEAK_AIM, GROWTH_AIM = 150, 100
"""Megabytes: in all at ten times the items, and more than at one time."""

console = Console(width=None if sys.stdout.isatty() else 110)


@dataclass(frozen=True, slots=True)
class Run:
    """One run of the harness or the loop; ``judging`` is the harness's own timing of that phase."""

    usage: Usage
    judging: float | None
    tau: float


def harness(data: Path, order: str, folder: Path) -> Run:
    """``unieval run`` on the whole file, into a new folder below ``folder``."""
    with tempfile.TemporaryDirectory(dir=folder) as out:
        run = Path(out) / "run"
        usage = measure(
            [
                *(command("unieval"), "run", "--judge", "first", "--task", TASK),
                *("--data", str(data), "--order", order, "--out", str(run)),
            ]
        )
        found = json.loads((run / "results.json").read_text("utf-8"))
    tau = found["tasks"][TASK]["metrics"]["tau"]["value"]
    return Run(usage, found["timing"]["seconds"], tau)


def loop(data: Path, order: str, folder: Path) -> Run:
    """The plain loop on the whole file."""
    answers = folder / "answers.jsonl"
    script = Path(__file__).with_name("made_items.py")
    usage = measure([sys.executable, str(script), str(data), str(answers), order])
    answers.unlink()
    return Run(usage, None, float(usage.output))


def command(name: str) -> str:
    """A console script of this Python's environment."""
    return str(Path(sys.executable).with_name(name))


@contextmanager
def items(number: int) -> Iterator[Path]:
    """A file of made items, gone afterwards with all that was written beside it."""
    with tempfile.TemporaryDirectory(prefix="unieval-bench-") as folder:
        data = Path(folder) / "items.jsonl"
        write_items(data, number)
        yield data


def compare_with_loop(number: int, repeats: int) -> None:
    """Throughput of the harness and of the loop, in one order and in both."""
    table = Table(title=f"{number:,} items, a free judge; medians of {repeats}")
    for name in ("", "wall s", "items/s", "outputs/s", "judging outputs/s", "cpu s", "peak MB"):
        table.add_column(name, justify="right" if name else "left")
    ratios = []
    with items(number) as data:
        for order in ORDERS:
            runs: dict[str, list[Run]] = {"unieval": [], "loop": []}
            for _ in range(repeats):
                runs["unieval"].append(harness(data, order, data.parent))
                runs["loop"].append(loop(data, order, data.parent))
            outputs = number * (2 if order == "both" else 1)
            for name, found in runs.items():
                table.add_row(f"{name}, --order {order}", *_figures(found, number, outputs))
            ratios.append(_ratios(order, runs["unieval"], runs["loop"], outputs))
    console.print(table, *ratios, sep="\n", soft_wrap=True)


def _figures(runs: list[Run], number: int, outputs: int) -> list[str]:
    usages = [run.usage for run in runs]
    wall = median(usages, lambda u: u.wall)
    judging = [run.judging for run in runs if run.judging is not None]
    return [
        f"{wall:.2f}",
        f"{number / wall:,.0f}",
        f"{outputs / wall:,.0f}",
        f"{outputs / statistics.median(judging):,.0f}" if judging else "",
        f"{median(usages, lambda u: u.cpu):.2f}",
        f"{median(usages, lambda u: u.peak):.0f}",
    ]


def _ratios(order: str, ours: list[Run], loops: list[Run], outputs: int) -> str:
    taus = {round(run.tau, 12) for run in ours + loops}
    if len(taus) > 1:
        raise SystemExit(f"the harness and the loop disagree: tau {sorted(taus)}")
    wall, cpu = (
        [median([r.usage for r in runs], of) for runs in (ours, loops)]
        for of in (lambda u: u.wall, lambda u: u.cpu)
    )
    added = (cpu[0] - cpu[1]) / outputs * 1e6
    return (
        f"--order {order}: wall x{wall[0] / wall[1]:.2f}, cpu x{cpu[0] / cpu[1]:.2f} of the loop;"
        f" the harness adds {added:.0f} microseconds of processor time an output"
        f" (same tau: {taus.pop():.4f})"
    )


def compare_memory(number: int) -> None:
    """Peak memory at one and at ten times the items, both orders."""
    table = Table(title="Memory, --order both")
    for name in ("items", "wall s", "outputs/s", "peak MB"):
        table.add_column(name, justify="right")
    peaks = []
    for size in (number, 10 * number):
        with items(size) as data:
            usage = harness(data, "both", data.parent).usage
        peaks.append(usage.peak)
        rate = 2 * size / usage.wall
        table.add_row(f"{size:,}", f"{usage.wall:.1f}", f"{rate:,.0f}", f"{usage.peak:.0f}")
    console.print(table)
    growth = peaks[1] - peaks[0]
    console.print(
        f"ten times the items take {growth:.0f} MB more"
        f" (aim: under {GROWTH_AIM} more and {PEAK_AIM} in all:"
        f" {'met' if growth < GROWTH_AIM and peaks[1] < PEAK_AIM else 'missed'})"
    )


def compare_start(repeats: int) -> None:
    """Processor time of ``unieval --help`` and of what it cannot do without."""
    commands = {
        "unieval --help": [command("unieval"), "--help"],
        "unieval tasks": [command("unieval"), "tasks"],
        'python -c "import typer, rich.console"': [
            *(sys.executable, "-c", "import typer, rich.console")
        ],
        "python -c pass": [sys.executable, "-c", "pass"],
    }
    found: dict[str, list[Usage]] = {name: [] for name in commands}
    for turn in range(repeats + 1):
        for name, arguments in commands.items():
            usage = measure(arguments)
            if turn:  # the first turn only fills the file caches
                found[name].append(usage)
    ours = median(found["unieval --help"], lambda u: u.cpu)
    table = Table(title=f"Start-up, medians of {repeats}")
    for name in ("command", "cpu ms", "wall ms", "--help takes"):
        table.add_column(name, justify="left" if name == "command" else "right")
    for name, usages in found.items():
        cpu, wall = median(usages, lambda u: u.cpu), median(usages, lambda u: u.wall)
        table.add_row(name, f"{cpu * 1e3:.0f}", f"{wall * 1e3:.0f}", f"x{ours / cpu:.2f}")
    console.print(table)


def compare_with_peers(number: int, large: int, repeats: int) -> None:
    """The engines alone, called from Python, on the same items; imports are not counted."""
    from peers.environment import ENGINES, UnavailableError, engine, peer_python

    table = Table(title=f"Engines called from Python, one answer an item; medians of {repeats}")
    for name in ("engine", "items", "seconds", "items/s", "peak MB", "unieval is"):
        table.add_column(name, justify="left" if name == "engine" else "right")
    ours = None
    for name, size in (*((name, number) for name in ENGINES), ("unieval", large)):
        try:
            python = peer_python(name, console.print)
            with items(size) as data:
                runs = [engine(name, python, data) for _ in range(repeats)]
        except (UnavailableError, FailedError) as reason:
            table.add_row(name, f"{size:,}", "", "", "", f"not measured: {reason}")
            continue
        seconds = statistics.median(run[0] for run in runs)
        peak = statistics.median(run[1] for run in runs)
        rate = size / seconds
        ours = ours or rate
        ratio = "" if name == "unieval" else f"{ours / rate:,.0f} times as fast"
        title = f"{name} {runs[0][2]}"
        table.add_row(title, f"{size:,}", f"{seconds:.2f}", f"{rate:,.0f}", f"{peak:.0f}", ratio)
    console.print(table)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--items", type=int, default=100_000)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--quick", action="store_true", help="without ten times the items")
    parser.add_argument("--peers", action="store_true", help="also lm-eval and inspect_ai")
    parser.add_argument("--peer-items", type=int, default=2_000)
    given = parser.parse_args()
    if not os.access(command("unieval"), os.X_OK):
        parser.error(f"{command('unieval')} is missing; run this with the Python that has unieval")
    compare_start(5)
    compare_with_loop(given.items, given.repeats)
    if not given.quick:
        compare_memory(given.items)
    if given.peers:
        compare_with_peers(given.peer_items, given.items, given.repeats)


if __name__ == "__main__":
    main()
