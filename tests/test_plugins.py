"""The very examples of docs/plugins.md, from a file and as an installed distribution."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys

import pytest
from conftest import ROOT, write_jsonl

DOC = (ROOT / "docs" / "plugins.md").read_text()
BLOCKS = re.findall(r"```(?:python|toml)\n(.*?)```", DOC, re.DOTALL)
FILE, RATINGS, PYPROJECT, MODULE = BLOCKS

CAPTIONS = [
    {"photo": f"{i % 5}.png", "a": "A dog.", "b": "A DOG on a red sofa.", "winner": w}
    for i, w in enumerate(["a", "b", "tie", "a", "a"] * 4)
]


def test_examples_are_short():
    assert all(len(block.splitlines()) < 40 for block in BLOCKS)


def test_a_single_file(unieval, tmp_path):
    plugin = tmp_path / "my_plugin.py"
    plugin.write_text(FILE)
    data = write_jsonl(tmp_path / "captions.jsonl", CAPTIONS)
    done = unieval(
        *("run", "--plugin", plugin, "--judge", "shorter", "--task", "my-captions", "--json"),
        *("--data", data, "--out", tmp_path / "run"),
    )
    assert done.code == 0, done.err
    metrics = done.json["tasks"]["my-captions"]["metrics"]
    assert metrics["diff"]["value"] == pytest.approx(12 / 16)
    assert metrics["tau"]["value"] == pytest.approx(12 / 20)
    assert "my-captions" in unieval("tasks", "--plugin", plugin).out
    again = unieval("rescore", tmp_path / "run", "--plugin", plugin, "--json")
    assert again.json["tasks"] == done.json["tasks"]


def test_single_candidates_in_a_single_file(unieval, tmp_path):
    plugin, data = tmp_path / "my_ratings.py", tmp_path / "captions.csv"
    plugin.write_text(RATINGS)
    stars = {"A dog.": 1, "A dog on a sofa.": 4, "A dog on a red sofa.": 5, "It is a dog.": 2}
    lines = [f"{i % 5}.png,{text},{score}" for i in range(5) for text, score in stars.items()]
    data.write_text("\n".join(["photo,caption,stars", *lines]))
    done = unieval(
        *("run", "--plugin", plugin, "--judge", "wordy", "--task", "my-ratings", "--json"),
        *("--data", data, "--out", tmp_path / "run"),
    )
    assert done.code == 0, done.err
    metrics = done.json["tasks"]["my-ratings"]["metrics"]
    # words: 2, 5, 6, 4, hence scores 3, 5, 5, 5: the shortest is told from the others
    assert metrics["kendall"]["value"] == pytest.approx(0.5**0.5)
    assert metrics["rank_accuracy"]["value"] == pytest.approx(3 / 6)
    assert metrics["mae"]["value"] == pytest.approx((2 + 1 + 0 + 3) / 4 / 4)
    again = unieval("rescore", tmp_path / "run", "--plugin", plugin, "--json")
    assert again.json["tasks"] == done.json["tasks"]
    refused = unieval("run", "--plugin", plugin, "--judge", "wordy", "--task", "vl-rewardbench")
    assert "judge 'wordy' does not compare pairs" in refused.err


def test_an_installed_distribution(unieval_process, tmp_path):
    source, site = tmp_path / "source", tmp_path / "site"
    source.mkdir()
    (source / "pyproject.toml").write_text(PYPROJECT)
    (source / "shouting.py").write_text(MODULE)
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-build-isolation"]
    subprocess.run([*pip, "--target", str(site), str(source)], check=True, capture_output=True)
    environment = {**os.environ, "PYTHONPATH": str(site)}
    assert "loudest" in unieval_process("judges", env=environment).stdout

    rows = [
        {"id": f"RLHF-{i}", "query": "q", "response": ["quiet", "LOUD"], "human_ranking": [0, 1]}
        for i in range(6)
    ]
    (tmp_path / "data.json").write_text(json.dumps(rows))
    done = unieval_process(
        *("run", "--judge", "loudest", "--task", "vl-rewardbench", "--json"),
        *("--data", tmp_path / "data.json", "--out", tmp_path / "run"),
        env=environment,
    )
    assert done.returncode == 0, done.stderr
    entry = json.loads(done.stdout)["tasks"]["vl-rewardbench"]
    assert entry["metrics"]["overall"]["value"] == 0.0


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("import nothing_like_this", "line 1: ModuleNotFoundError"),
        ("x = 1\ndef f(:\n", "line 2: SyntaxError"),
        ("\n\n1 / 0\n", "line 3: ZeroDivisionError"),
        (
            "from unieval import judge\n@judge('random')\nclass Mine: pass\n",
            "judge 'random' is defined twice",
        ),
    ],
)
def test_a_broken_file_is_named_with_its_line(text, message, unieval, tmp_path):
    plugin = tmp_path / "broken.py"
    plugin.write_text(text)
    done = unieval("judges", "--plugin", plugin)
    assert done.code == 2
    assert message in done.err
    assert done.err.count("\n") == 1
    assert unieval("judges", "--plugin", tmp_path / "none.py").err.endswith("does not exist\n")


def test_a_broken_distribution_does_not_break_the_others(unieval_process, tmp_path):
    info = tmp_path / "bad-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: bad\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[unieval.judges]\nbad = bad_module:Judge\n")
    environment = {**os.environ, "PYTHONPATH": str(tmp_path)}
    assert "random" in unieval_process("judges", env=environment).stdout
    asked = unieval_process("judges", "bad", env=environment)
    assert asked.returncode == 2
    assert "could not be loaded: ModuleNotFoundError" in asked.stderr


def test_public_names_all_resolve():
    import unieval

    assert all(getattr(unieval, name) is not None for name in unieval.__all__)


def test_run_from_python(genai_items, tmp_path):
    import unieval

    found = unieval.run(
        judge="tie", task="genai-bench-image", data=str(genai_items(8)), out=tmp_path / "run"
    )
    assert found["tasks"]["genai-bench-image"]["metrics"]["tau"]["value"] == 0.5
    assert json.loads((tmp_path / "run" / "results.json").read_text()) == found
