"""How far the harness scales: replicas against linear, items against memory, and what bounds both.

    python bench/scale.py                    throughput of 1, 2, 4, 8, 16 replicas of a judge that
                                             takes 50 ms a batch, and what would bound 1,000
    python bench/scale.py --items 1000000    plan and run with a free judge: 1%, 10% and all

The judge of the first part sleeps, so that many replicas fit a small machine; what is measured is
handing out, replies and the store. Every figure of the second part is of a process of its own.
Nothing is asserted about time.
"""

from __future__ import annotations

import argparse
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from made_items import write_items
from measured import measure
from rich.console import Console
from rich.table import Table

if TYPE_CHECKING:
    from unieval.harness.engines import Engine
    from unieval.harness.plan import Plan

TASK = "genai-bench-image"
BATCH = 16
PLUGIN = "sleeps.py"
SLEEPS = """
import time
from random import Random
from unieval import Output, Supports, judge

@judge("sleeps")
class Sleeps:
    supports, grammar = Supports(needs_media=False), "plain"

    def __init__(self, seconds: float):
        self.seconds = seconds

    def judge(self, batch):
        time.sleep(self.seconds)
        return [Output.verdict(Random(r.seed).choice(r.choices)) for r in batch]
"""
console = Console(width=None if sys.stdout.isatty() else 110)


class Seconds(NamedTuple):
    """By the clock, of this process's own work, and of that of Ray and the replicas."""

    wall: float
    driver: float
    ray: float

    @classmethod
    def now(cls) -> Seconds:
        """Since some moment; the replicas that are there now."""
        import psutil

        workers = 0.0
        for process in psutil.process_iter(["cmdline", "cpu_times"]):
            said, times = " ".join(process.info["cmdline"] or ()), process.info["cpu_times"]
            if times and ("ray::" in said or "/ray/core/src/ray/" in said):
                workers += times.user + times.system
        return cls(time.perf_counter(), time.process_time(), workers)

    def __sub__(self, other: Seconds) -> Seconds:
        return Seconds(*(now - before for now, before in zip(self, other, strict=True)))


class Watch:
    """A progress display that only counts."""

    outputs = 0

    def advance(self, outputs: int, failures: int) -> None:
        self.outputs += outputs


class Bench:
    """Plans of made items for the judge that sleeps, carried out by one engine."""

    def __init__(self, folder: Path, latency: float, replicas: int) -> None:
        from unieval.harness.batches import Batches
        from unieval.harness.engines import EngineSettings, Recipe
        from unieval.harness.registry import load_plugin

        load_plugin(folder / PLUGIN)
        self._folder = Path(tempfile.mkdtemp(dir=folder))
        self._arguments, self._said = {"seconds": latency}, [""]
        self._runs = 0
        judge = self._prepared(1).judge
        assert judge is not None
        recipe = Recipe.of("judge", "sleeps", self._arguments, judge)
        settings = EngineSettings("ray", {"replicas": replicas}) if replicas else EngineSettings()
        self.engine: Engine = settings.open(judge, recipe, Batches(BATCH), self._said.append)

    def _prepared(self, batches: int):  # type: ignore[no-untyped-def]
        from unieval.harness.run import Settings, prepare

        data = self._folder / f"{batches}.jsonl"
        if not data.exists():
            write_items(data, batches * BATCH // 2)
        return prepare(Settings("sleeps", (TASK,), self._arguments, data=str(data)))

    def plan(self, batches: int) -> Plan:
        """Both orders of so many items that they make so many batches."""
        found: Plan = self._prepared(batches).plans[TASK]
        return found

    def seconds(self, plan: Plan) -> Seconds:
        """Carry the plan out into a new run folder; from the first portion to the last record."""
        from unieval.harness.parsing import get_grammar
        from unieval.harness.runner import Runner
        from unieval.harness.store import Store

        self._runs += 1
        with Store(self._folder / f"run-{self._runs}") as store:
            runner = Runner(plan, self.engine, store, get_grammar("plain"), "robust")
            began = Seconds.now()
            runner.run(Watch())  # type: ignore[arg-type]
            return Seconds.now() - began

    def warm_up(self, replicas: int) -> None:
        """Until every replica has been started and has had work."""
        small = self.plan(4 * max(1, replicas))
        while replicas and not self._said[-1].startswith("all "):
            self.seconds(small)
        self.seconds(small)


@contextmanager
def bench(folder: Path, latency: float, replicas: int) -> Iterator[Bench]:
    found = Bench(folder, latency, replicas)
    try:
        found.warm_up(replicas)
        yield found
    finally:
        found.engine.close()


def scaling(folder: Path, numbers: list[int], latency: float, seconds: float, repeats: int) -> None:
    """Throughput as a share of what so many judges alone could do."""
    table = Table(
        title=f"A judge of {latency * 1e3:.0f} ms a batch of {BATCH}; medians of {repeats}",
        caption=f"load of this machine before: {os.getloadavg()[0]:.1f} of {os.cpu_count()} cores",
    )
    names = ("replicas", "outputs/s", "linear", "share", "driver ms a batch", "cores for linear")
    for name in names:
        table.add_column(name, justify="right")
    for number in numbers:
        batches = round(number * seconds / latency)
        with bench(folder, latency, number) as made:
            plan = made.plan(batches)
            took = [made.seconds(plan) for _ in range(repeats)]
        wall, driver, workers = (statistics.median(each) for each in zip(*took, strict=True))
        rate, linear = batches * BATCH / wall, number * BATCH / latency
        cores = (driver + workers) / batches * number / latency
        table.add_row(
            *(str(number), f"{rate:,.0f}", f"{linear:,.0f}", f"{rate / linear:.1%}"),
            *(f"{driver / batches * 1e3:.2f}", f"{cores:.2f}"),
        )
    console.print(table)


def bounds(folder: Path, wanted: int) -> None:
    """What the driver can do, measured without waiting for any judge, and how many that feeds."""
    import ray

    batches = 1_000
    with bench(folder, 0.0, 0) as made:
        plan = made.plan(batches)
        began = time.process_time()
        survey = plan.survey()
        planned = survey.items / (time.process_time() - began)
        took = made.seconds(plan)
        written, durable = batches * BATCH / took.driver, batches / took.wall
    with bench(folder, 0.0, 2) as made:
        handed = batches / made.seconds(made.plan(batches)).driver
        look = one_look(2 * wanted)
    ray.shutdown()
    console.print(
        f"In one second of its processor, the driver plans {planned:,.0f} items, reads and stores"
        f" {written:,.0f} outputs in batches of {BATCH}, or hands out by Ray and stores"
        f" {handed:,.0f} such batches. By the clock it made {durable:,.0f} transactions durable in"
        f" a second. One look at {2 * wanted:,} promises takes {look * 1e3:.1f} ms."
    )
    table = Table(title=f"Replicas that a driver with a core of its own feeds: {handed:,.0f} L")
    for name in ("seconds a batch (L)", f"batches/s of {wanted:,}", "fed by one driver", ""):
        table.add_column(name, justify="right")
    for latency in (0.05, 0.5, 1.0, 5.0, 30.0):
        fed = handed * latency
        verdict = "enough" if fed >= wanted else f"{fed / wanted:.0%} of {wanted:,}"
        table.add_row(f"{latency:g}", f"{wanted / latency:,.0f}", f"{fed:,.0f}", verdict)
    console.print(table)


def one_look(promises: int) -> float:
    """Seconds that ``ray.wait`` takes over so many promises of which one is kept."""
    import ray

    @ray.remote(num_cpus=0)
    class Late:
        def answer(self, seconds: float) -> None:
            time.sleep(seconds)

    late = Late.remote()
    kept = late.answer.remote(0)
    ray.get(kept)
    waiting = [kept, *(late.answer.remote(600) for _ in range(promises - 1))]
    took = []
    for _ in range(5):
        began = time.perf_counter()
        ray.wait(waiting, num_returns=1)
        ray.wait(waiting, num_returns=promises, timeout=0)
        took.append(time.perf_counter() - began)
    ray.kill(late)
    return statistics.median(took)


def memory(items: int) -> None:
    """Wall time and peak memory of the plan alone and of the whole run, both orders."""
    command = str(Path(sys.executable).with_name("unieval"))
    table = Table(title="A free judge, both orders")
    for name in ("items", "plan s", "plan items/s", "plan MB", "run s", "outputs/s", "run MB"):
        table.add_column(name, justify="right")
    for size in (items // 100, items // 10, items):
        with tempfile.TemporaryDirectory(prefix="unieval-bench-") as folder:
            data, out = Path(folder) / "items.jsonl", Path(folder) / "run"
            write_items(data, size)
            ask = [command, "run", "--judge", "first", "--task", TASK, "--data", str(data)]
            plan = measure([*ask, "--dry-run"])
            run = measure([*ask, "--out", str(out)])
        table.add_row(
            *(f"{size:,}", f"{plan.wall:.1f}", f"{size / plan.wall:,.0f}", f"{plan.peak:.0f}"),
            *(f"{run.wall:.1f}", f"{2 * size / run.wall:,.0f}", f"{run.peak:.0f}"),
        )
    console.print(table)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--replicas", default="1,2,4,8,16")
    parser.add_argument("--latency", type=float, default=0.05, help="seconds a batch")
    parser.add_argument("--seconds", type=float, default=10, help="for which each number is busy")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--wanted", type=int, default=1_000, help="replicas to be fed")
    parser.add_argument("--items", type=int, help="measure time and memory instead")
    given = parser.parse_args()
    if given.items:
        memory(given.items)
        return
    os.environ["RAY_worker_niceness"] = "0"  # noqa: SIM112 - Ray's own spelling
    import ray

    numbers = [int(number) for number in given.replicas.split(",")]
    ray.init(
        address="local",
        num_cpus=max(4, *numbers),  # the judges sleep
        include_dashboard=False,
        log_to_driver=False,
        logging_level="ERROR",
    )
    with tempfile.TemporaryDirectory(prefix="unieval-bench-") as made:
        folder = Path(made)
        (folder / PLUGIN).write_text(SLEEPS, encoding="utf-8")
        scaling(folder, numbers, given.latency, given.seconds, given.repeats)
        bounds(folder, given.wanted)


if __name__ == "__main__":
    main()
