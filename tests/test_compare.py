"""Two runs compared from their records: what differs, which items changed, and what is refused."""

from __future__ import annotations

import json
import shutil
import sqlite3
from collections.abc import Callable
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest
from conftest import write_jsonl
from markdown_it import MarkdownIt
from unieval.harness.early_stop import SoFar
from unieval.harness.errors import UserError
from unieval.harness.statistics import mcnemar_exact
from unieval.harness.store import Store

PLUGIN = Path(__file__).parent / "wobbly.py"
PREFIXES = ("wild", "rlhf-v", "mmmu")


@pytest.fixture
def answers(tmp_path: Path) -> Path:
    """VL-RewardBench items without images: 40 in each of the three groups."""
    rows = [
        {
            "id": f"{PREFIXES[n % 3]}-{n}",
            "query": f"How many | are in @picture {n}?\n<b>`x`</b>",
            "response": ["one", "two"],
            "human_ranking": [n % 2, 1 - n % 2],
        }
        for n in range(120)
    ]
    return write_jsonl(tmp_path / "answers.jsonl", rows)


@pytest.fixture
def judged(unieval, tmp_path: Path) -> Callable[..., Path]:
    def run(
        name: str, data: Path, *more: object, task: str = "vl-rewardbench", **own: object
    ) -> Path:
        out = tmp_path / name
        arguments = [
            part for key, value in own.items() for part in ("--judge-arg", f"{key}={value}")
        ]
        done = unieval(
            *("run", "--plugin", PLUGIN, "--judge", "wobbly", "--task", task, "--data", data),
            *("--out", out, "--json", *arguments, *more),
        )
        assert done.code == 0, done.err
        return out

    return run


def wrong(*numbers: int) -> str:
    return ",".join(f"{PREFIXES[n % 3]}-{n}#{n}" for n in numbers)


def changes(found: dict) -> dict[tuple[str, str], dict]:
    return {(c["group"], c["metric"]): c for task in found["tasks"] for c in task["changes"]}


def test_differences_by_hand(unieval, judged, answers):
    """Wrong on 6 and 3 of 120 items; of the group with 40 on 2 and 1."""
    base = judged("base", answers, wrong=wrong(0, 1, 2, 3, 4, 5))
    other = judged("other", answers, wrong=wrong(5, 6, 7))
    done = unieval("compare", base, other, "--json", "--flips", 2)
    assert done.code == 0, done.err
    found = changes(done.json)
    whole = found["", "overall"]
    assert whole["baseline"] == pytest.approx(114 / 120)
    assert whole["candidate"] == pytest.approx(117 / 120)
    assert whole["difference"]["value"] == pytest.approx(3 / 120)
    low, high = whole["difference"]["low"], whole["difference"]["high"]
    assert low < 3 / 120 < high
    lost, won = np.arange(120) < 2, (np.arange(120) >= 2) & (np.arange(120) < 7)
    assert whole["mcnemar"] == pytest.approx(mcnemar_exact(lost, won))
    assert found["general", "accuracy"]["candidate"] == pytest.approx(39 / 40)
    (task,) = done.json["tasks"]
    assert (task["worse"], task["better"], task["flips_of"]) == (2, 5, "overall")
    assert [flip["item"] for flip in task["flips"]] == [
        "wild-6#6",
        "rlhf-v-7#7",
        *wrong(0, 1).split(","),
    ]
    first = task["flips"][0]
    assert first["better"] == -1
    assert first["prompt"].startswith("How many | are")
    assert [said["read"] for said in first["baseline"]] == ["first", "first"]
    assert [said["read"] for said in first["candidate"]] == ["second", "second"]


def test_figures_are_those_of_the_runs(unieval, judged, answers):
    """Recomputed from records, every figure is the one in results.json."""
    base = judged("base", answers, rate=0.3, salt=1, mute="wild-0#0")
    other = judged("other", answers, rate=0.4, salt=2)
    found = changes(unieval("compare", base, other, "--json").json)
    for folder, side in ((base, "baseline"), (other, "candidate")):
        entry = json.loads((folder / "results.json").read_text())["tasks"]["vl-rewardbench"]
        for group, part in {"": entry, **entry["groups"]}.items():
            for metric, figure in part["metrics"].items():
                assert found[group, metric][side] == pytest.approx(figure["value"]), (group, metric)
    # Only the baseline has unread answers; the candidate's figure over what it read is the whole.
    assert found["", "overall_parsed"]["candidate"] == found["", "overall"]["candidate"]


@pytest.mark.parametrize("scores", [False, True])
def test_labels_with_ties(unieval, judged, genai_items, scores):
    """Judges that score choose a tie threshold each; the difference is that of the figures."""
    data = genai_items(80)
    base = judged("base", data, task="genai-bench-image", scores=scores)
    other = judged("other", data, task="genai-bench-image", rate=0.2, salt=3, scores=scores)
    found = changes(unieval("compare", base, other, "--json").json)
    for metric in ("tau", "diff"):
        own = found["", metric]
        assert own["baseline"] == 1.0
        assert own["difference"]["low"] < own["candidate"] - 1 == own["difference"]["value"]
    assert found["", "diff"]["n"] == 40


def test_single_candidates(unieval, tmp_path):
    """Correlations are compared in the same bootstrap draws; items by their error."""
    rows = [
        {
            "id": str(n),
            "source": "mine",
            "modality": "image",
            "objective": "generation",
            "prompt": f"p{n // 4}",
            "candidates": [f"{n}.png"],
            "score": n % 5,
            "score_range": [0, 4],
        }
        for n in range(80)
    ]
    data = write_jsonl(tmp_path / "points.jsonl", rows)
    for seed in (0, 1):
        unieval(
            *("run", "--judge", "random", "--task", "preference-points", "--data", data),
            *("--out", tmp_path / str(seed), "--seed", seed),
        )
    done = unieval("compare", tmp_path / "0", tmp_path / "1", "--allow", "seed", "--json")
    assert done.code == 0, done.err
    own = changes(done.json)["", "spearman"]
    assert own["difference"]["value"] == pytest.approx(own["candidate"] - own["baseline"])
    assert own["difference"]["low"] < own["difference"]["value"] < own["difference"]["high"]
    task = done.json["tasks"][0]
    assert task["flips_of"] == "rank_accuracy" or task["flips_of"] == "mae"
    assert task["worse"] > 0
    same = unieval("compare", tmp_path / "0", tmp_path / "0", "--json").json
    assert changes(same)["", "spearman"]["difference"]["high"] == 0
    assert same["tasks"][0]["same_outputs"]


def test_what_is_shown(unieval, judged, answers, tmp_path, monkeypatch):
    """The terminal, Markdown that nobody can break out of, JUnit, and a workflow's summary."""
    base, other = judged("base", answers), judged("other", answers, wrong=wrong(3, 4))
    gates = tmp_path / "gates.yaml"
    gates.write_text("vl-rewardbench: {min_n: 200}\nvl-rewardbench.overall: {max_drop: 0.1}\n")
    summary = tmp_path / "summary.md"
    summary.write_text("before\n")
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(summary))
    monkeypatch.setenv("COLUMNS", "100")
    texts = tmp_path / "new" / "o.md", tmp_path / "o.xml"
    done = unieval(
        *("compare", base, other, "--gate", gates, "--markdown", texts[0], "--junit", texts[1]),
    )
    assert done.code == 1
    assert "right -> wrong wild-3#3, label second" in done.out
    assert "120 items; at least 200" in done.out
    text = texts[0].read_text()
    assert summary.read_text() == "before\n" + text
    html = MarkdownIt("gfm-like", {"linkify": False}).render(text)
    assert html.count("<table>") == 3
    assert "<b>" not in html
    assert "@picture" in html
    for line in text.splitlines():
        assert "@" not in line or line.startswith("How many"), line
    suite = ElementTree.parse(texts[1]).getroot()
    assert (suite.get("tests"), suite.get("failures"), suite.get("errors")) == ("2", "1", "0")
    failure = suite.find(".//failure")
    assert failure is not None
    assert failure.get("type") == "min_n"


REFUSED = [
    (("--votes", 2), "votes: 1 then, 2 now"),
    (("--order", "given"), 'order: "both" then, "given" now'),
    (("--protocol", "official"), 'protocol: "robust" then, "official" now'),
    (("--seed", 5), "seed: 0 then, 5 now"),
    (("--task-arg", "grouping=unifiedreward"), "arguments.grouping: null then"),
    (("--limit", 60), "data.fingerprint: "),
]


@pytest.mark.parametrize(("more", "reason"), REFUSED)
def test_runs_that_do_not_compare(unieval, judged, answers, more, reason):
    base, other = judged("base", answers), judged("other", answers, *more)
    done = unieval("compare", base, other)
    assert done.code == 2
    assert reason in done.err
    assert "Traceback" not in done.err


def test_shared_items_where_data_may_differ(unieval, judged, answers):
    base = judged("base", answers, wrong=wrong(1, 100))
    other = judged("other", answers, "--limit", 60, wrong=wrong(2))
    done = unieval("compare", base, other, "--allow", "data", "--json")
    assert done.code == 0, done.err
    own = changes(done.json)["", "overall"]
    assert (own["n"], own["baseline"], own["candidate"]) == (60, 59 / 60, 59 / 60)
    assert done.json["tasks"][0]["notes"] == ["60 items that only the baseline has are left out"]
    assert (
        "'dat' not found; did you mean 'data'?"
        in unieval("compare", base, other, "--allow", "dat").err
    )


def test_missing_broken_and_unfinished_runs(unieval, judged, answers, tmp_path):
    base, other = judged("base", answers), judged("other", answers)
    assert "is no run folder" in unieval("compare", tmp_path / "nowhere", base).err
    with sqlite3.connect(other / "records.sqlite") as database:
        database.execute("DELETE FROM items WHERE position > 50")
        database.execute("DELETE FROM records WHERE position > 50")
    done = unieval("compare", base, other)
    assert done.code == 2
    assert "69 items of vl-rewardbench are still to be judged" in done.err
    assert unieval("compare", base, other, "--allow", "unfinished").code == 0
    (other / "records.sqlite").write_bytes(b"no database at all, but long enough to look like one")
    for journal in other.glob("records.sqlite-*"):
        journal.unlink()
    done = unieval("compare", base, other)
    assert done.code == 2
    assert "cannot be read" in done.err
    (other / "records.sqlite").unlink()
    assert "has no records.sqlite" in unieval("compare", base, other).err


def test_tasks_of_one_run_only(unieval, judged, answers, genai_items):
    base = judged("base", answers)
    other = judged("other", genai_items(20), task="genai-bench-image")
    assert "share no task" in unieval("compare", base, other).err
    assert (
        "did you mean 'vl-rewardbench'"
        in unieval("compare", base, base, "--task", "vl-rewardbnch").err
    )


def test_nothing_is_written_to_the_runs(unieval, judged, answers, tmp_path):
    base = judged("base", answers)
    kept = shutil.copytree(base, tmp_path / "kept")
    assert unieval("compare", kept, base).code == 0
    before = {file.name: file.read_bytes() for file in base.iterdir()}
    assert {file.name: file.read_bytes() for file in kept.iterdir()} == before


def test_a_run_under_way_is_decided(judged, answers):
    """By the beginning of the visiting order that is finished; here all of it."""
    base, worse = judged("base", answers), judged("worse", answers, wrong=wrong(*range(0, 120, 2)))
    place = ("", "overall")
    with Store(worse) as store:
        found = SoFar.of(base, store, "vl-rewardbench").decide(place, margin=0.05)
        assert (found.state, found.items, found.difference) == ("fails", 120, -0.5)
        store._db.execute("DELETE FROM records WHERE vote = 0 AND ord = 'ba'")
        assert SoFar.of(base, store, "vl-rewardbench").decide(place, margin=0.05).items == 0
        with pytest.raises(UserError, match="'nope' not found"):
            SoFar.of(base, store, "nope")
    with Store(worse) as store, pytest.raises(UserError, match="no mean over items"):
        SoFar.of(base, store, "vl-rewardbench").decide(("", "macro"), margin=0.05)
