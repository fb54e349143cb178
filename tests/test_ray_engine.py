"""Replicas on Ray: the records of a local run, whoever dies meanwhile."""

from __future__ import annotations

import json
import signal
import sqlite3
import subprocess
import threading
import time
from contextlib import closing
from itertools import islice
from pathlib import Path
from random import Random

import mortal_generator
import pyarrow.parquet as pq
import pytest
import yaml
from chat_server import completion, serving
from mortal_generator import MortalGenerator, MortalRecipe
from PIL import Image
from unieval.dpo.candidates import CandidateStore, Makers, Wanted, collect, wanted
from unieval.dpo.making import Here, Replicas
from unieval.dpo.media_files import MediaFolder
from unieval.dpo.prompts_file import Prompt
from unieval.harness.engines import EngineSettings
from unieval.harness.errors import UserError
from unieval.harness.ray_replica import AT_ONCE

pytest.importorskip("ray")
from ray.cloudpickle import register_pickle_by_value
from ray_setup import TASK, command, count, killing, records, run, two_nodes
from unieval.harness.registry import load_plugin

N = 600
PLANTED = Path(__file__).parent / "planted.py"
PLANTED_PAIRS = Path(__file__).parent / "planted_pairs.py"
pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def cluster():
    with two_nodes() as found:
        yield found


@pytest.fixture
def unbroken(genai_items, tmp_path):
    """Records of an undisturbed local run of the judge that draws."""
    run(genai_items(N), tmp_path / "local", "random")
    return records(tmp_path / "local")


def test_records_are_those_of_a_local_run(cluster, genai_items, tmp_path):
    load_plugin(PLANTED)
    items = genai_items(60)
    for judge in ("poison", "blind"):  # batches are halved, media fail, on the replicas too
        run(items, tmp_path / f"{judge}-local", judge)
        run(items, tmp_path / f"{judge}-ray", judge, replicas=2)
        assert records(tmp_path / f"{judge}-ray") == records(tmp_path / f"{judge}-local")
        statuses = {row[6] for row in records(tmp_path / f"{judge}-ray")}
        assert statuses == {"ok", "request_failed" if judge == "poison" else "media_failed"}


def test_replicas_killed_at_random_moments(cluster, genai_items, tmp_path, unbroken):
    folder = tmp_path / "living"
    with killing(folder, 0.5, Random(0), most=5) as killed:
        said = run(genai_items(N), tmp_path / "run", "mortal", replicas=3, folder=folder)
    assert killed
    assert sum("is gone" in line for line in said) >= len(killed) - 1
    assert records(tmp_path / "run") == unbroken


def test_a_node_removed_in_mid_run(cluster, genai_items, tmp_path, unbroken):
    folder, node = tmp_path / "living", cluster.worker_nodes.copy().pop()
    begun = threading.Event()

    def remove() -> None:
        while len(list(folder.glob("*"))) < 3 and not begun.is_set():
            time.sleep(0.01)
        cluster.remove_node(node, allow_graceful=False)

    thread = threading.Thread(target=remove)
    thread.start()
    try:
        run(genai_items(N), tmp_path / "run", "mortal", replicas=4, folder=folder)
    finally:
        begun.set()
        thread.join()
        cluster.add_node(num_cpus=2, object_store_memory=80 << 20)
    assert records(tmp_path / "run") == unbroken


def test_a_batch_that_kills_its_worker_fails_and_is_named(cluster, genai_items, tmp_path, unbroken):
    said = run(genai_items(N), tmp_path / "run", "lethal", replicas=2, victim="100")
    found = records(tmp_path / "run")
    failed = {row[2] for row in found if row[6] == "request_failed"}
    assert "100" in failed
    assert len(failed) == 4  # a batch of 8 requests, both orders
    assert [r for r in found if r[2] not in failed] == [r for r in unbroken if r[2] not in failed]
    assert any("was at 3 replicas that died" in line for line in said)


def test_the_driver_killed_and_interrupted(cluster, genai_items, tmp_path, unbroken):
    items, folder, out = genai_items(N), tmp_path / "living", tmp_path / "run"
    stored = 0
    for number in (signal.SIGKILL, signal.SIGINT):
        process = subprocess.Popen(
            command(items, out, cluster.address, folder),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        )
        while count(out) <= stored and process.poll() is None:
            time.sleep(0.02)
        process.send_signal(number)
        _, err = process.communicate(timeout=60)
        assert process.returncode == (130 if number == signal.SIGINT else -number), err
        assert "Traceback" not in err
        assert stored < count(out) < 2 * N
        stored = count(out)
    before = seconds(out)
    done = subprocess.run(
        command(items, out, cluster.address, folder), capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    assert records(out) == unbroken
    assert before.items() <= seconds(out).items()  # what was stored was not judged again


def seconds(folder: Path) -> dict[tuple, float]:
    """What each stored answer took, which no second judging would repeat."""
    with sqlite3.connect(folder / "records.sqlite") as database:
        rows = database.execute("SELECT position, ord, vote, seconds FROM records")
        return {row[:3]: row[3] for row in rows}


def test_preferences_are_built_by_replicas(cluster, unieval, tmp_path):
    Image.new("RGB", (8, 8), "red").save(tmp_path / "seen.png")
    prompts = [{"id": f"q{n}", "prompt": f"What? ({n})", "media": "seen.png"} for n in range(12)]
    (tmp_path / "prompts.jsonl").write_text("".join(f"{json.dumps(row)}\n" for row in prompts))

    def drawn(handler, body):  # its quality, by the candidate's own seed
        handler.reply(200, completion(f"{Random(body['seed']).random():.4f} is the answer"))

    with serving(usual=drawn) as server:
        chat = {
            "path": "judge",
            "engine": {"backend": "openai", "url": server.url, "concurrency": 4},
        }
        settings = {
            "modality": "image",
            "objective": "understanding",
            "prompts": "prompts.jsonl",
            "judge": "sees-quality",
            "candidates": {"count": 4, "chat": chat},
            "batch_size": 4,
        }
        ray = {"engine": "ray", "engine_args": {"replicas": 2}}
        tables = []
        for name, more in (("local", {}), ("ray", ray)):
            config = tmp_path / f"{name}.yaml"
            config.write_text(yaml.safe_dump({**settings, **more, "output": name}))
            done = unieval("build-preferences", config, "--plugin", PLANTED_PAIRS)
            assert done.code == 0, done.err
            began = done.err.count("2 replicas on a Ray cluster")
            assert began == (2 if name == "ray" else 0)  # those that answer, and those that judge
            tables.append(pq.read_table(tmp_path / name / "preferences.parquet").to_pylist())
    assert tables[0] == tables[1]
    assert len(tables[0]) == 12
    assert len(server.bodies) == 2 * 48


class Interrupted(Here):
    """Stopped after eight batches."""

    def made(self, portions):
        yield from islice(super().made(portions), 8)
        raise KeyboardInterrupt


def collected(folder: Path, makers: Makers, asked: list[Wanted]) -> tuple[list, dict]:
    """The rows of all candidates, and the files."""
    folder.mkdir(exist_ok=True)
    with CandidateStore(folder) as store, closing(makers):
        collect(store, MediaFolder(folder), makers, asked)
    with closing(sqlite3.connect(folder / "candidates.sqlite")) as database:
        rows = database.execute("SELECT * FROM candidates ORDER BY prompt, number").fetchall()
    return rows, {file.name: file.read_bytes() for file in (folder / "media").iterdir()}


def test_candidates_are_made_by_replicas_that_die(cluster, tmp_path):
    register_pickle_by_value(mortal_generator)  # replicas do not see the folder of the tests
    asked = wanted([Prompt(str(n), f"prompt {n}") for n in range(20)], 10, seed=0)
    plain, first, mortal = (
        MortalGenerator(tmp_path / f"{name}-says", delay)
        for name, delay in (("whole", 0.0), ("first", 0.0), ("mortal", 0.1))
    )
    whole = collected(tmp_path / "whole", Here(plain, print), asked)
    with pytest.raises(KeyboardInterrupt):
        collected(tmp_path / "ray", Interrupted(first, print), asked)
    said: list[str] = []
    engine = EngineSettings("ray", {"replicas": 3})
    replicas = Replicas(mortal, MortalRecipe(mortal), engine, None, said.append)
    with killing(mortal.folder / "living", 0.3, Random(0), most=2) as killed:
        assert collected(tmp_path / "ray", replicas, asked) == whole
    assert killed
    assert any("is gone" in line for line in said)
    assert not set(first.logged()) & set(mortal.logged())  # what was stored is not made again
    in_hand = len(killed) * AT_ONCE * mortal.batch_size
    assert len(mortal.logged()) <= len(set(mortal.logged())) + in_hand


def test_a_batch_of_candidates_that_kills_replicas_fails_alone(cluster, tmp_path):
    register_pickle_by_value(mortal_generator)
    asked = wanted([Prompt(str(n), f"prompt {n}") for n in range(3)], 4, seed=0)
    lethal = MortalGenerator(tmp_path, lethal=1)
    engine = EngineSettings("ray", {"replicas": 1, "attempts": 2})
    said: list[str] = []
    replicas = Replicas(lethal, MortalRecipe(lethal), engine, None, said.append)
    rows, _ = collected(tmp_path / "ray", replicas, asked)
    reasons = [row[5] or "" for row in rows if "replicas that died" in (row[5] or "")]
    assert len(rows) == 12
    assert [row[0] for row in rows if row[5] in reasons] == [1] * 4
    assert reasons[0].startswith("its batch of 4 candidates was at 2 replicas that died")
    assert any(line.startswith("prompt '1': its batch of 4") for line in said)


def test_a_judge_that_cannot_be_built_stops_the_run(cluster, genai_items, tmp_path):
    answers = tmp_path / "answers.jsonl"
    answers.write_text("")
    with pytest.raises(UserError, match="it holds no responses"):
        run(genai_items(4), tmp_path / "run", "replay", replicas=1, path=answers)


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        ({"replica": "2"}, "no argument 'replica'. It takes: address, replicas"),
        ({"replicas": "two"}, "valid integer"),
        ({"replicas": "0"}, "at least 1"),
    ],
)
def test_arguments_of_the_engine(arguments, reason):
    with pytest.raises(UserError, match=reason):
        EngineSettings("ray", arguments)


def test_without_ray_the_cure_is_named(unieval, genai_items, monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    done = unieval(
        *("run", "--judge", "random", "--task", TASK, "--data", genai_items(3)),
        *("--engine", "ray"),
    )
    assert done.code == 2
    assert "pip install 'unieval[ray]'" in done.err
