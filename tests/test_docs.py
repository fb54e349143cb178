"""The documentation says what the program does: its tutorial is run, its tables are compared."""

from __future__ import annotations

import importlib.util
import json
import re
from types import ModuleType
from typing import Any

import pytest
import yaml
from conftest import ROOT, write_jsonl
from test_ci_action import act
from unieval.harness.run import run

DOCS = ROOT / "docs"


def loaded(path: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(path, DOCS / path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.slow
def test_the_tutorial_prints_what_it_says(tmp_path, monkeypatch):
    """And the judge and gates that it ends with pass in the action that it points to."""
    tutorial = loaded("tutorial.py")
    page = tutorial.PAGE.read_text(encoding="utf-8")
    assert tutorial.rendered(tmp_path) == page, "docs/tutorial.md is stale: run docs/tutorial.py"
    for file in ("comment.md", "gates.xml", "report/index.html"):
        assert (tmp_path / file).is_file()
    (workflow,) = re.findall(r"```yaml\n(env:.*?)```", page, flags=re.DOTALL)
    code, outputs, printed = act(
        tmp_path,
        tmp_path / "cache",
        baseline=str(tmp_path / "runs" / "baseline"),
        candidate=str(tmp_path / "runs" / "candidate"),
        run=yaml.safe_load(workflow)["env"]["RUN"],
        compare="--plugin my_judge.py",
    )
    assert (code, outputs["outcome"]) == (0, "pass"), printed


def test_the_picture_shows_what_imports_what():
    """And no package imports, at the head of a module, what stands above it."""
    picture = loaded("images/architecture.py")
    assert picture.OUT.read_text(encoding="utf-8") == picture.drawn(), (
        "docs/images/architecture.svg is stale: run python docs/images/architecture.py"
    )
    upwards = [
        (package, other)
        for package, other in picture.imports()
        if picture.BOXES[package].y > picture.BOXES[other].y
    ]
    assert not upwards


def test_exit_codes_are_all_there():
    """Those in the sources, and that of a gate that cannot decide."""
    page = (DOCS / "reference" / "exit-codes.md").read_text(encoding="utf-8")
    documented = set(map(int, re.findall(r"^\| (\d+) \|", page, flags=re.MULTILINE)))
    sources = "".join(path.read_text(encoding="utf-8") for path in ROOT.glob("*.py"))
    used = set(map(int, re.findall(r"(?:Exit|sys\.exit)\((\d+)\)", sources)))
    compared = (ROOT / "leaderboard" / "compare_model.py").read_text(encoding="utf-8")
    used |= set(map(int, re.findall(r'"[a-z]+": (\d)\b', compared)))
    assert documented == used | {0}


def keys_of(heading: str) -> set[str]:
    """The keys that a table of docs/reference/results.md explains."""
    page = (DOCS / "reference" / "results.md").read_text(encoding="utf-8")
    (chapter,) = [part for part in page.split("\n## ") if part.startswith(heading)]
    return set(re.findall(r"^\| `(\w+)` \|", chapter, flags=re.MULTILINE))


@pytest.fixture
def results(genai_items, tmp_path) -> list[dict[str, Any]]:
    """A run of a judge, and one of a model whose answers are graded."""
    judged = run(
        judge="tie", task="genai-bench-image", data=str(genai_items(8)), out=tmp_path / "judged"
    )
    row = {"id": 0, "video_id": "v", "question": "What is it?", "answer": "a dog"}
    answers = write_jsonl(tmp_path / "answers.jsonl", [{"item_id": "0", "response": "a dog"}])
    graded = run(
        model="folder",
        model_arguments={"path": str(answers)},
        judge="reference-match",
        task="msvd-qa",
        data=str(write_jsonl(tmp_path / "test.jsonl", [row])),
        out=tmp_path / "graded",
    )
    return [json.loads(json.dumps(found)) for found in (judged, graded)]


def test_results_have_the_keys_that_are_explained(results):
    assert set().union(*results) == keys_of("The file") - {"baseline"}
    entries = [entry for found in results for entry in found["tasks"].values()]
    assert set().union(*entries) | {"facets"} == keys_of("A task's entry")
    figures = [figure for entry in entries for figure in entry["metrics"].values()]
    assert set().union(*figures) == keys_of("A figure")
