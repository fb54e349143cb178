"""The runner: isolates what fails, prepares ahead, sorts by length, and asks for nothing twice."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest
from unieval.harness.errors import UserError
from unieval.harness.items import Media, PairItem, PointItem, Request, Verdict
from unieval.harness.judge import ScoreDifference, Supports, answering
from unieval.harness.plan import Plan
from unieval.harness.registry import judges, load_plugin
from unieval.harness.run import Settings, execute, prepare
from unieval.harness.task import Data

PLUGIN = Path(__file__).parent / "planted.py"


@pytest.fixture(autouse=True)
def planted():
    load_plugin(PLUGIN)


def settings(judge, items, **options):
    return Settings(judge=judge, tasks=("genai-bench-image",), data=str(items), **options)


def statuses(folder):
    with sqlite3.connect(folder / "records.sqlite") as database:
        return dict(database.execute("SELECT item, status FROM records WHERE ord = 'ab'"))


def test_a_poisoned_batch_is_halved_until_the_poison_stands_alone(genai_items, tmp_path):
    prepared = prepare(settings("poison", genai_items(40)))
    execute(prepared, tmp_path / "run", lambda line: None)
    found = statuses(tmp_path / "run")
    assert {item for item, status in found.items() if status != "ok"} == {"7", "17", "27", "37"}


def test_preparation_runs_ahead_on_threads_and_batches_are_sorted(genai_items, tmp_path):
    prepared = prepare(settings("blind", genai_items(200)))
    execute(prepared, tmp_path / "run", lambda line: None)
    judge = prepared.judge
    assert all(name.startswith("prepare") for name in judge.threads)
    assert all(sizes == sorted(sizes) for sizes in judge.sizes)
    assert sum(map(len, judge.sizes)) == 2 * (200 - 20)


def test_a_judge_must_answer_every_request(genai_items, tmp_path, monkeypatch):
    monkeypatch.setattr(judges.get("poison").factory, "judge", lambda self, batch: [])
    prepared = prepare(settings("poison", genai_items(4)))
    with pytest.raises(UserError, match="returned 0 outputs for a batch of 8"):
        execute(prepared, tmp_path / "run", lambda line: None)


def pair(i, left="l.png", right="r.png"):
    media = (Media("image", left), Media("image", right))
    return PairItem(str(i), "image", "generation", "p", media, Verdict.FIRST)


def request(item, order="ab"):
    return Request("t", item, order, 0, 0, (Verdict.FIRST, Verdict.SECOND))


class Counting:
    supports = Supports(needs_media=False)

    def __init__(self):
        self.seen: list[PointItem] = []

    def score(self, batch):
        self.seen += batch
        return [float(len(point.candidate.uri)) for point in batch]


def test_each_candidate_is_scored_once_whatever_the_pairs():
    inner = Counting()
    judge = ScoreDifference(inner, remember=3)
    tournament = [pair(0, "a", "bb"), pair(1, "a", "ccc"), pair(2, "bb", "ccc")]
    outputs = judge.judge([request(item) for item in tournament])
    assert [o.scores for o in outputs] == [(1, 2), (1, 3), (2, 3)]
    assert len(inner.seen) == 3
    assert judge.judge([request(tournament[0], "ba")])[0].scores == (2, 1)
    assert len(inner.seen) == 3
    judge.judge([request(pair(3, "dddd", "eeeee"))])
    judge.judge([request(tournament[0])])
    assert len(inner.seen) == 6  # the memory is bounded: "bb" was forgotten and is scored anew


def test_what_is_no_judge_is_told_what_it_lacks():
    class Nothing:
        pass

    class NoGrammar:
        supports = Supports()

        def judge(self, batch):
            return []

    class NoMethods:
        supports = Supports()

    for thing, message in ((Nothing, "supports"), (NoGrammar, "grammar"), (NoMethods, "neither")):
        with pytest.raises(UserError, match=message):
            answering(thing(), "mine")


class Task:
    name = "t"
    choices = (Verdict.FIRST, Verdict.SECOND)

    def items(self, data):
        yield from (pair(i) for i in range(400))


def plan(**options):
    known = {"order": "random", "votes": 1, "seed": 0, "limit": None}
    return Plan(Task(), Data(None, "here"), **{**known, **options})


def test_random_order_belongs_to_the_item():
    orders = [plan().requests(pair(i))[0].order for i in range(400)]
    assert orders == [plan().requests(pair(i))[0].order for i in range(400)]
    assert orders != [plan(seed=1).requests(pair(i))[0].order for i in range(400)]
    assert 150 < orders.count("ba") < 250


def test_requests_of_an_item():
    both = plan(order="both", votes=2).requests(pair(0))
    assert [(r.order, r.vote) for r in both] == [("ab", 0), ("ba", 0), ("ab", 1), ("ba", 1)]
    assert len({r.seed for r in both}) == len({r.key for r in both}) == 4
    free = plan(order="both", order_free=True).requests(pair(0))
    assert [r.order for r in free] == ["ab"]
    assert both[1].shown == both[0].shown[::-1]


def test_survey_counts_and_fingerprints():
    survey = plan(order="both", votes=2).survey()
    assert (survey.items, survey.requests, survey.media) == (400, 1600, 3200)
    assert survey.fingerprint == plan().survey().fingerprint
    assert survey.fingerprint != plan(limit=399).survey().fingerprint
    assert "meaningless" in plan(order="given").survey().warnings[0]


def test_dry_run_shows_the_plan_and_writes_nothing(unieval, genai_items, tmp_path):
    done = unieval(
        *("run", "--judge", "random", "--judge", "tie", "--task", "genai-bench-image"),
        *("--data", genai_items(30), "--out", tmp_path / "run", "--dry-run"),
    )
    assert done.code == 0
    assert "60" in done.out
    assert "random" in done.out
    assert not (tmp_path / "run").exists()


def test_several_judges_make_one_folder_each(unieval, genai_items, tmp_path):
    done = unieval(
        *("run", "--judge", "random", "--judge", "tie", "--task", "genai-bench-image"),
        *("--data", genai_items(30), "--out", tmp_path / "runs", "--json"),
    )
    assert [one["judge"]["name"] for one in done.json] == ["random", "tie"]
    assert (tmp_path / "runs" / "random" / "results.json").is_file()
    assert (tmp_path / "runs" / "tie" / "results.json").is_file()


def test_arguments_go_to_the_judges_that_take_them(unieval, genai_items, tmp_path):
    done = unieval(
        *("run", "--plugin", PLUGIN, "--judge", "tie", "--judge", "right-with-probability"),
        *("--judge-arg", "p=1.0", "--task", "genai-bench-image", "--data", genai_items(8)),
        *("--out", tmp_path / "runs", "--json"),
    )
    assert done.json[0]["judge"]["arguments"] == {}
    assert done.json[1]["judge"]["arguments"] == {"p": "1.0"}
    refused = unieval(
        *("run", "--judge", "tie", "--judge", "random", "--judge-arg", "zeal=1"),
        *("--task", "genai-bench-image", "--data", genai_items(8)),
    )
    assert "none of tie, random takes it" in refused.err
