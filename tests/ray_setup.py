"""What tests of the Ray engine share: two nodes on this machine, runs there, and their records."""

from __future__ import annotations

import os
import signal
import sqlite3
import sys
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from random import Random

import ray
from ray.cluster_utils import Cluster
from unieval.harness.engines import EngineSettings
from unieval.harness.registry import load_plugin
from unieval.harness.run import Settings, execute, prepare

MORTAL = Path(__file__).parent / "mortal.py"
TASK = "genai-bench-image"


@contextmanager
def two_nodes() -> Iterator[Cluster]:
    """A head node and another one, each with two processors as far as Ray is concerned."""
    os.environ |= {"RAY_USAGE_STATS_ENABLED": "0", "RAY_worker_niceness": "0"}
    node = {"num_cpus": 2, "object_store_memory": 80 << 20, "include_dashboard": False}
    cluster = Cluster(initialize_head=True, head_node_args=node)
    cluster.add_node(**node)
    ray.init(address=cluster.address, log_to_driver=False, logging_level="ERROR")
    try:
        yield cluster
    finally:
        ray.shutdown()
        cluster.shutdown()


def run(items: Path, out: Path, judge: str, replicas: int = 0, **arguments: object) -> list[str]:
    """One run in this process, locally or by replicas; what it said."""
    load_plugin(MORTAL)
    engine = EngineSettings("ray", {"replicas": replicas}) if replicas else EngineSettings()
    settings = Settings(judge, (TASK,), arguments, data=str(items), engine=engine)
    said: list[str] = []
    execute(prepare(settings), out, said.append)
    return said


def command(items: Path, out: Path, address: str, folder: Path, delay: float = 0.05) -> list[str]:
    """The same as a process that may be killed."""
    return [
        *(sys.executable, "-m", "unieval.cli", "run", "--plugin", str(MORTAL), "--judge", "mortal"),
        *("--judge-arg", f"folder={folder}", "--judge-arg", f"delay={delay}", "--task", TASK),
        *("--data", str(items), "--out", str(out), "--engine", "ray", "--json"),
        *("--engine-arg", f"address={address}", "--engine-arg", "replicas=3"),
    ]


def records(folder: Path) -> list[tuple]:
    columns = "task, position, item, ord, vote, key, status, verdict, raw"
    with sqlite3.connect(folder / "records.sqlite") as database:
        return database.execute(f"SELECT {columns} FROM records ORDER BY 2, 4, 5").fetchall()


def count(folder: Path) -> int:
    """How many records a run has stored so far."""
    if not (folder / "records.sqlite").exists():
        return 0
    with closing(sqlite3.connect(folder / "records.sqlite")) as database:
        try:
            return int(database.execute("SELECT count(*) FROM records").fetchone()[0])
        except sqlite3.OperationalError:  # not made yet
            return 0


@contextmanager
def killing(folder: Path, every: float, dice: Random, most: int) -> Iterator[list[int]]:
    """Meanwhile, kill random ones of the processes that left their number in the folder."""
    over, killed = threading.Event(), []

    def kill() -> None:
        while len(killed) < most and not over.wait(dice.uniform(0, 2 * every)):
            living = sorted(int(file.name) for file in folder.glob("*"))
            if living:
                process = dice.choice(living)
                (folder / str(process)).unlink()
                try:
                    os.kill(process, signal.SIGKILL)
                except ProcessLookupError:
                    continue
                killed.append(process)

    thread = threading.Thread(target=kill, daemon=True)
    thread.start()
    try:
        yield killed
    finally:
        over.set()
        thread.join()
