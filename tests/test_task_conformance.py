"""What every shipped task must do, shown on its demo data."""

from __future__ import annotations

import importlib.util
import json
import re
import shutil
from collections.abc import Iterator, Mapping
from functools import cache
from hashlib import blake2b
from pathlib import Path
from typing import Any

import pytest
from conftest import ROOT, write_jsonl
from unieval.harness.demo import demo_data
from unieval.harness.items import (
    Item,
    Output,
    PairItem,
    PointItem,
    PromptItem,
    QuestionItem,
    Verdict,
)
from unieval.harness.judge import Supports
from unieval.harness.registry import judge, tasks
from unieval.harness.run import rescore, run
from unieval.harness.task import Data, Task, grading_of, kind_of

LIMIT = 40
SHIPPED = [name for name in tasks.names() if tasks.get(name).origin.startswith("unieval.")]
PAIRS = [name for name in SHIPPED if kind_of(tasks.get(name).create({})) == "pair"]
POINTS = [name for name in SHIPPED if kind_of(tasks.get(name).create({})) == "point"]
ASKED = [name for name in SHIPPED if kind_of(tasks.get(name).create({})) == "question"]
PROMPTED = [name for name in SHIPPED if kind_of(tasks.get(name).create({})) == "prompt"]
ALL = pytest.mark.parametrize("name", SHIPPED)


@pytest.fixture(scope="module", autouse=True)
def _one_cache(pytestconfig: pytest.Config) -> Iterator[None]:
    """Each demo set is written once, until what draws the shapes world changes."""
    sources = b"".join(path.read_bytes() for path in sorted(ROOT.glob("tasks/shapes/*.py")))
    folder = pytestconfig.cache.mkdir("unieval-demo") / blake2b(sources, digest_size=8).hexdigest()
    for other in folder.parent.iterdir():
        if other != folder:
            shutil.rmtree(other, ignore_errors=True)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("UNIEVAL_CACHE", str(folder))
        yield
    demo_items.cache_clear()


def built(name: str) -> Task:
    return tasks.get(name).create({})


@cache
def demo_items(name: str) -> tuple[Item, ...]:
    task = built(name)
    return tuple(task.items(Data(demo_data(task, 0), "demo", media=True)))


def results(name: str, folder: Path, **settings: Any) -> dict[str, Any]:
    """The task's entry of ``results.json``; scored again from what is stored, it is the same."""
    found = run(task=name, out=folder, data="demo", limit=LIMIT, **settings)
    assert rescore(folder)["tasks"] == found["tasks"]
    return found["tasks"][name]


def value(entry: dict[str, Any], metric: str) -> float:
    return entry["metrics"][metric]["value"]


@ALL
def test_items_are_sound(name):
    task, items = built(name), demo_items(name)
    assert len(items) >= LIMIT
    assert len({item.id for item in items}) == len(items)
    assert all(item.cluster for item in items)
    assert len({bool(item.group) for item in items}) == 1
    for item in items:
        assert task.modality in (None, item.modality)
        assert task.objective in (None, item.objective)
        assert item.prompt.strip()
        assert all(medium.data or Path(medium.uri).is_file() for medium in item.media)
        assert in_range(item, task)


def in_range(item: Item, task: Task) -> bool:
    if isinstance(item, PairItem):
        labels = item.label.values() if isinstance(item.label, Mapping) else [item.label]
        return {label.coarse for label in labels} <= {choice.coarse for choice in task.choices}
    if isinstance(item, PointItem):
        low, high = item.score_range
        scores = item.scores.values() if isinstance(item.scores, Mapping) else [item.scores]
        return all(low <= score <= high for score in scores)
    if isinstance(item, QuestionItem) and item.options:
        return len(set(item.options)) == len(item.options) and item.answer in range(
            len(item.options)
        )
    return bool(item.references) if isinstance(item, QuestionItem) else isinstance(item, PromptItem)


@pytest.mark.parametrize("name", PAIRS)
def test_a_judge_that_knows_the_labels_gets_everything(name, tmp_path):
    rows = [
        {"item_id": item.id, "order": order, "response": answer(item, order, built(name))}
        for item in demo_items(name)[:LIMIT]
        for order in ("ab", "ba")
    ]
    answers = write_jsonl(tmp_path / "labels.jsonl", rows)
    arguments = {"path": str(answers), "format": "oracle"}
    entry = results(name, tmp_path / "run", judge="replay", judge_arguments=arguments)
    assert [value(entry, metric) for metric in entry["headline"]] == [1] * len(entry["headline"])
    assert (entry["n"], entry["unparsed"], entry["failed"]) == (LIMIT, 0, 0)
    assert value(entry, "coverage") == 1 if "coverage" in entry["metrics"] else True
    sizes = {group: part["n"] for group, part in entry["groups"].items()}
    if isinstance(demo_items(name)[0].label, Mapping):
        assert set(sizes.values()) == {LIMIT}
    else:
        assert sum(sizes.values()) in (0, LIMIT)


def answer(item: PairItem, order: str, task: Task) -> str:
    def said(label: Verdict) -> str:
        label = label if label in task.choices else label.coarse
        return (label if order == "ab" else label.swapped).value

    if isinstance(item.label, Mapping):
        return json.dumps({dimension: said(label) for dimension, label in item.label.items()})
    return said(item.label)


@pytest.mark.parametrize("name", PAIRS)
def test_a_judge_that_says_first_gets_half_of_what_is_decided(name, tmp_path):
    entry = results(name, tmp_path / "run", judge="first")
    figure = next(m for m in ("diff", "accuracy", "overall") if m in entry["metrics"])
    assert value(entry, figure) == 0.5
    assert entry["metrics"][figure]["n"] <= LIMIT
    assert all(value(part, "flip_rate") == 1 for part in [*entry["groups"].values()] or [entry])


@pytest.mark.parametrize("name", POINTS)
def test_scores_are_found_again(name, tmp_path):
    items = demo_items(name)[:LIMIT]
    for scale, expected in ((1, 1), (-1, -1)):
        rows = [{"item_id": item.id, "score": scale * item.scores} for item in items]
        path = write_jsonl(tmp_path / f"{scale}.jsonl", rows)
        entry = results(
            name, tmp_path / f"run{scale}", judge="replay", judge_arguments={"path": str(path)}
        )
        assert value(entry, entry["headline"][0]) == pytest.approx(expected)
        assert entry["n"] == LIMIT


@pytest.mark.parametrize("name", ASKED)
def test_a_model_that_knows_the_answers_is_ahead(name, tmp_path):
    task, items = built(name), demo_items(name)[:LIMIT]
    grader = {"judge": "reference-match"} if grading_of(task) else {}
    entries = []
    for label, says in (("right", right), ("wrong", wrong)):
        rows = [{"item_id": item.id, "response": says(item)} for item in items]
        path = write_jsonl(tmp_path / f"{label}.jsonl", rows)
        model = {"model": "folder", "model_arguments": {"path": str(path)}}
        entries.append(results(name, tmp_path / label, **model, **grader))
    best, worst = entries
    if grader:  # a match with a baseline's answer is only a draw, so one figure must be ahead
        assert any(value(best, figure) > value(worst, figure) for figure in best["headline"])
    else:
        headline = best["headline"][0]
        assert (value(best, headline), value(worst, headline)) == (1, 0)
    assert (best["n"], best["failed"], best["unparsed"]) == (len(items), 0, 0)
    assert sum(part["n"] for part in best["groups"].values()) in (0, len(items))


@judge("planted-constant")
class Constant:
    """Gives everything, alone or in a pair, the same score or the same grade."""

    supports = Supports(needs_media=False, pointwise=True, grading=True)
    grammar = "plain"

    def judge(self, batch):
        return [Output(scores=(1.0,) * max(1, len(r.item.candidates))) for r in batch]


@pytest.mark.parametrize("name", PROMPTED)
def test_what_is_made_gets_the_known_scores_of_a_constant_judge(name, tmp_path):
    made, items = tmp_path / "made", demo_items(name)[:LIMIT]
    made.mkdir()
    suffix = ".png" if built(name).modality == "image" else ".mp4"
    for item in items[1:]:  # the first is not made
        stem = re.sub(r"[^\w.-]", "_", item.id)
        (made / f"{stem}{suffix}").write_bytes(b"never opened")
    model = {"model": "folder", "model_arguments": {"path": str(made)}}
    arguments = {"partial": "yes"} if name == "vbench" else {}
    entry = results(
        name, tmp_path / "run", judge="planted-constant", task_arguments=arguments, **model
    )
    assert (entry["n"], entry["failed"], entry["unparsed"]) == (LIMIT, 1, 0)
    assert entry["answers"] == {"ok": LIMIT - 1, "request_failed": 1}
    assert sum(part["n"] for part in entry["groups"].values()) in (0, LIMIT)
    lost = (LIMIT - 1) / LIMIT  # of the scores it is left out, a contest is lost
    known = {"score": 1, "win_rate": lost / 2, "images": lost, "dimensions": 16, "coverage": 1}
    for metric in set(known) & set(entry["metrics"]):
        assert value(entry, metric) == pytest.approx(known[metric]), metric
    assert set(known) - {"coverage"} & set(entry["metrics"])


def right(item: QuestionItem) -> str:
    return "ABCDE"[item.answer] if item.options else item.references[0]


def wrong(item: QuestionItem) -> str:
    return "ABCDE"[(item.answer + 1) % len(item.options)] if item.options else "nothing of this"


@ALL
def test_it_is_described(name):
    page = (ROOT / "docs" / "tasks.md").read_text(encoding="utf-8")
    assert f'<a id="{name}"></a>' in page
    task = built(name)
    assert task.columns
    assert all(task.columns.values())
    assert tasks.get(name).summary.endswith(".")


def test_the_page_is_what_the_registry_says():
    spec = importlib.util.spec_from_file_location("docs_tasks", ROOT / "docs" / "tasks.py")
    writer = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(writer)
    page = (ROOT / "docs" / "tasks.md").read_text(encoding="utf-8")
    assert page == writer.rendered(), "docs/tasks.md is stale: run python docs/tasks.py"
