"""Model cards: what the hub's own library reads back is what the run found."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from huggingface_hub import ModelCard, ModelCardData
from huggingface_hub.repocard_data import model_index_to_eval_results
from unieval.harness.run import run


@pytest.fixture(scope="module")
def finished(tmp_path_factory) -> Path:
    out = tmp_path_factory.mktemp("card") / "run"
    tasks = ("vl-rewardbench", "videogen-rewardbench")
    run(judge="random", task=tasks, data="demo", limit=12, out=out)
    return out


def test_the_hub_reads_back_what_was_found(unieval, finished):
    done = unieval("card", finished, "--name", "My judge: *1*")
    assert done.code == 0, done.err
    found = ModelCard(done.out).data
    assert isinstance(found, ModelCardData)
    assert found.model_name == "My judge: *1*"
    # The same from the YAML itself.
    name, results = model_index_to_eval_results(found.to_dict()["model-index"])
    assert name == found.model_name
    assert len(results) == len(found.eval_results)
    stored = json.loads((finished / "results.json").read_text())["tasks"]
    assert {own.task_type for own in results} == {"image-text-to-text", "video-text-to-text"}
    for own in results:
        entry = stored[own.task_name]
        assert own.dataset_name == own.task_name
        group = own.metric_name.removesuffix(own.metric_type).strip()
        part = entry["groups"][group] if group else entry
        figure = part["metrics"][own.metric_type]
        assert own.metric_value == figure["value"]
        assert own.metric_args["n"] == figure["n"]
        assert own.metric_args.get("ci95") == figure["ci95"]
        assert own.dataset_args["fingerprint"] == entry["data"]["fingerprint"]
    overall = [own for own in results if own.metric_name == "overall"]
    assert [own.task_name for own in overall] == ["vl-rewardbench"]
    assert any(own.metric_name == "general accuracy" for own in results)
    assert "| random |" in ModelCard(done.out).text


def test_where_it_is_written(unieval, finished, tmp_path):
    readme = tmp_path / "README.md"
    assert unieval("card", finished, "--out", readme).code == 0
    assert ModelCard.load(readme).data.model_name == "random"
    done = unieval("card", finished, "--out", readme)
    assert (done.code, "exists" in done.err) == (2, True)
    assert (
        "is no run folder" in unieval("card", tmp_path).err or unieval("card", tmp_path).code == 2
    )


def test_runs_that_stopped_early_say_so(unieval, tmp_path):
    plugin = Path(__file__).parent / "wobbly.py"
    command = ("run", "--plugin", plugin, "--judge", "wobbly", "--task", "vl-rewardbench")
    base = (*command, "--data", "demo", "--out")
    assert unieval(*base, tmp_path / "base").code == 0
    bad = (*base, tmp_path / "bad", "--judge-arg", "rate=0.8", "--baseline", tmp_path / "base")
    assert unieval(*bad).code == 1
    found = ModelCard(unieval("card", tmp_path / "bad").out).data
    assert all(own.metric_args["incomplete"] for own in found.eval_results)
