"""Gate files and what they decide: by hand, by exit code, and how often they are wrong."""

from __future__ import annotations

import json
from pathlib import Path
from textwrap import dedent

import numpy as np
import pytest
from conftest import write_jsonl
from unieval.harness.errors import UserError
from unieval.harness.paired import Measured, Pair
from unieval.harness.paired_runs import PairedTask, Part
from unieval.harness.registry import load_plugin
from unieval.harness.run import run
from unieval.harness.statistics import Figure
from unieval.leaderboard.gates import Gate, Rules, read_gates
from unieval.leaderboard.gates_decide import decide

PLUGIN = Path(__file__).parent / "wobbly.py"


def paired(lost: int, won: int, n: int = 1000, right: int = 700, **own) -> PairedTask:
    """A task named t with one figure: the candidate loses and wins so many items."""
    base = np.r_[np.ones(right), np.zeros(n - right)]
    other = base.copy()
    other[:lost], other[right : right + won] = 0, 1
    return task_of(base, other, **own)


def task_of(base, other, cluster=None, same=False, metric="accuracy", **counts) -> PairedTask:
    n = len(base)
    cluster = np.arange(n) if cluster is None else cluster
    sides = [Measured(f, f) for f in (Figure.ratio(right, np.ones(n)) for right in (base, other))]
    pair = Pair(metric, *sides, cluster)
    flips = Figure.ratio(np.r_[1.0, np.zeros(n - 1)], np.ones(n))
    figures = {metric: sides[1], "flip_rate": Measured(flips, flips)}
    part = Part(figures, cluster, n, 2 * n, counts.get("unparsed", 0), counts.get("failed", 0))
    rows = np.arange(n)[:, None].repeat(2, axis=1)
    return PairedTask(
        "t", {("", metric): pair, ("a.b c", metric): pair}, {"": part, "a.b c": part}, (metric,),
        rows, same, (0, 0), (0, 0),
    )  # fmt: skip


def outcomes(task: PairedTask, key: str = "t.accuracy", **rules):
    return list(decide(Gate(key, Rules(**rules), Path("g.yaml")), {"t": task}))


def outcome(task: PairedTask, key: str = "t.accuracy", **rules) -> str:
    (found,) = outcomes(task, key, **rules)
    return found.outcome


@pytest.mark.parametrize(
    ("lost", "won", "rules", "expected"),
    [
        (10, 10, {"max_drop": 0.02}, "pass"),
        (80, 10, {"max_drop": 0.02}, "fail"),
        (30, 10, {"max_drop": 0.02}, "inconclusive"),
        (30, 10, {"max_drop": 0.02, "on_inconclusive": "fail"}, "fail"),
        (30, 10, {"max_drop": 0.02, "on_inconclusive": "pass"}, "pass"),
        # At confidence 0.5 the figures themselves are compared: 0.02 is no more than 0.02.
        (30, 10, {"max_drop": 0.02, "confidence": 0.5}, "pass"),
        (31, 10, {"max_drop": 0.02, "confidence": 0.5}, "fail"),
        (0, 0, {"min": 0.65}, "pass"),
        (0, 0, {"min": 0.75}, "fail"),
        (0, 0, {"min": 0.69}, "inconclusive"),
        (0, 0, {"max": 0.75}, "pass"),
        (0, 0, {"max": 0.65}, "fail"),
        (0, 0, {"max": 0.71}, "inconclusive"),
        (0, 0, {"min_n": 1000}, "pass"),
        (0, 0, {"min_n": 1001}, "fail"),
        (0, 0, {"max_flip_rate": 0.001}, "pass"),
        (0, 0, {"max_flip_rate": 0.0009}, "fail"),
    ],
)
def test_outcomes(lost, won, rules, expected):
    task = paired(lost, won)
    assert outcome(task, **rules) == expected
    assert outcome(task, "t.a.b c.accuracy", **rules) == expected


def test_counts():
    task = paired(0, 0, unparsed=20, failed=2)
    assert outcome(task, "t", max_unparsed=0.01) == "pass"
    assert outcome(task, "t", max_unparsed=0.0099) == "fail"
    assert outcome(task, "t.a.b c", max_failed=0.001) == "pass"
    (found,) = outcomes(task, "t", max_failed=0.0)
    assert (found.outcome, found.reason) == ("fail", "0.10% of outputs that failed; at most 0.00%")


def test_lower_is_better_where_it_is():
    worse = task_of(np.zeros(300), np.r_[np.ones(60), np.zeros(240)], metric="mae")
    better = task_of(np.r_[np.ones(60), np.zeros(240)], np.zeros(300), metric="mae")
    assert outcome(worse, "t.mae", max_drop=0.05) == "fail"
    assert outcome(better, "t.mae", max_drop=0.0) == "pass"
    assert outcome(worse, "t.mae", max=0.3) == "pass"


def test_no_output_differs():
    """Then no drop is to be shown, however few items there are; where few differ, one is."""
    few = {"n": 20, "right": 10}
    assert outcome(paired(0, 0, same=True, **few), max_drop=0.0) == "pass"
    assert outcome(paired(0, 0, **few), max_drop=0.01) == "inconclusive"


def test_the_number_of_items_that_decides():
    """Judging that many items, with the same share lost and won, does decide."""
    (found,) = outcomes(paired(60, 50, 1000), max_drop=0.02)
    assert found.outcome == "inconclusive"
    seen, none = found.needed
    assert none < seen
    assert (
        f"about {seen:,} would if this is the true value, {none:,} if there is no" in found.reason
    )
    scale = -(-seen // 1000)
    assert (
        outcome(paired(60 * scale, 50 * scale, 1000 * scale, 700 * scale), max_drop=0.02) == "pass"
    )
    # Clusters of ten copies: ten times the items.
    base, other = np.r_[np.ones(100), np.zeros(100)], np.r_[np.zeros(8), np.ones(98), np.zeros(94)]
    alone = outcomes(task_of(base, other), max_drop=0.02)[0].needed
    copies = task_of(np.repeat(base, 10), np.repeat(other, 10), np.repeat(np.arange(200), 10))
    assert outcomes(copies, max_drop=0.02)[0].needed == (alone[0] * 10, alone[1] * 10)
    (level,) = outcomes(paired(0, 0), min=0.69)
    assert 1000 < level.needed[0] < 40_000
    # A drop that is just what is accepted is never told from it.
    (at,) = outcomes(paired(30, 10), max_drop=0.02)
    assert at.needed[0] is None
    assert "no number would" in at.reason


@pytest.mark.parametrize("clusters", [False, True])
def test_identical_checkpoints_that_sample_rarely_fail(clusters):
    """Two runs of one judge that draws its answers: at most 1 - confidence fail max_drop 0."""
    rng = np.random.default_rng(11)
    cluster = np.repeat(np.arange(50), 4) if clusters else np.arange(200)
    fails = {0.8: 0, 0.95: 0}
    for _ in range(300):
        own = rng.beta(2, 1, size=200)
        luck = rng.normal(0, 0.25, size=(2, 50))[:, np.arange(200) // 4] * clusters
        base, other = (rng.random((2, 200)) < own + luck).astype(float)
        task = task_of(base, other, cluster)
        for confidence in fails:
            fails[confidence] += outcome(task, max_drop=0.0, confidence=confidence) == "fail"
    for confidence, count in fails.items():
        allowed = 1 - confidence
        assert count / 300 <= allowed + 3 * (allowed * confidence / 300) ** 0.5
    assert fails[0.8] / 300 > 0.1


# Files


def write(folder: Path, text: str, name: str = "gates.yaml") -> Path:
    path = folder / name
    path.write_text(text)
    return path


def test_the_same_gates_in_three_languages(tmp_path):
    texts = {
        "a.yaml": """
            defaults: {confidence: 0.9}
            t.a.b c.tau: {max_drop: 0.01, min: 0.5}
            t: {min_n: 5}
        """,
        "b.yml": """
            defaults: {confidence: 0.9}
            t:
              a.b c:
                tau: {max_drop: 0.01, min: 0.5}
              min_n: 5
        """,
        "c.json": """
            {"defaults": {"confidence": 0.9},
             "t.a.b c.tau": {"max_drop": 0.01, "min": 0.5},
             "t": {"min_n": 5}}
        """,
        "d.toml": """
            t.min_n = 5
            [defaults]
            confidence = 0.9
            [t."a.b c".tau]
            max_drop = 0.01
            min = 0.5
        """,
    }
    for name, text in texts.items():
        found = {gate.key: gate.rules for gate in read_gates(write(tmp_path, dedent(text), name))}
        assert set(found) == {"t", "t.a.b c.tau"}, name
        assert found["t.a.b c.tau"] == Rules(max_drop=0.01, min=0.5, confidence=0.9), name


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("t.tau: {max_dorp: 0.1}", "t.tau: no rule 'max_dorp'; did you mean 'max_drop'?"),
        ("t.tau: {max_drop: -1}", "t.tau, max_drop: Input should be greater than or equal to 0"),
        ("t.tau: {max_drop: much}", "t.tau, max_drop: Input should be a valid number"),
        ("t.tau: {min: .nan}", "t.tau, min: Input should be a finite number"),
        ("t.tau: {confidence: 0.9}", "t.tau: has no rule; give one of max_drop"),
        ("t.tau: {min: 0.9, max: 0.1}", "min (0.9) is above max (0.1)"),
        ("t.tau: {min: 0.1, confidence: 0.2}", "t.tau, confidence: Input should be greater"),
        ("t.tau: {min: 0.1}\nt.tau: {min: 0.2}", "'t.tau' stands twice"),
        ("t.tau: 3", "t.tau: expected rules such as"),
        (
            "defaults: {max_drop: 0.1}",
            "defaults: may hold confidence, power, on_inconclusive alone",
        ),
        ("- t", "must map names"),
        ("{}", "holds no gate"),
        ("t: [", "gates.yaml: "),
    ],
)
def test_files_that_do_not_fit(tmp_path, text, said):
    with pytest.raises(UserError) as raised:
        read_gates(write(tmp_path, text))
    assert said in str(raised.value)
    assert "gates.yaml" in str(raised.value)


def test_files_that_are_none(tmp_path):
    for path, said in (
        (tmp_path / "gates.yaml", "cannot be read: No such file"),
        (write(tmp_path, "", "gates.txt"), "must end in .yaml"),
        (write(tmp_path, "a = ", "gates.toml"), "gates.toml: "),
    ):
        with pytest.raises(UserError, match=said):
            read_gates(path)


@pytest.mark.parametrize(
    ("key", "rules", "said"),
    [
        ("t.acuracy", {"min": 0.1}, "'acuracy' not found; did you mean 'accuracy'?"),
        ("t.a.b d.accuracy", {"min": 0.1}, "did you mean 'a.b c.accuracy'?"),
        ("t", {"min": 0.1}, "min needs a metric, such as t.accuracy"),
    ],
)
def test_keys_that_name_nothing(key, rules, said):
    with pytest.raises(UserError, match=r"g\.yaml") as raised:
        outcomes(paired(0, 0), key, **rules)
    assert said in str(raised.value)


def test_metrics_that_are_no_better_for_being_higher():
    task = task_of(np.ones(9), np.ones(9), metric="first_position_rate")
    assert outcome(task, "t.first_position_rate", max=1.0, confidence=0.5) == "pass"
    with pytest.raises(UserError, match="max_drop has no meaning"):
        outcomes(task, "t.first_position_rate", max_drop=0.1)


# From the command line


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """A good judge, one that is a little worse, and one that is much worse, on 100 items."""
    load_plugin(PLUGIN)
    folder = tmp_path_factory.mktemp("runs")
    rows = [
        {
            "id": f"wild-{n}",
            "query": f"q{n}",
            "response": ["a", "b"],
            "human_ranking": [n % 2, 1 - n % 2],
        }
        for n in range(100)
    ]
    data = write_jsonl(folder / "answers.jsonl", rows)
    found = {}
    for name, lost in (("good", 0), ("less", 3), ("bad", 40)):
        found[name] = folder / name
        wrong = ",".join(f"wild-{n}#{n}" for n in range(lost))
        run(
            judge="wobbly",
            task="vl-rewardbench",
            out=found[name],
            data=str(data),
            judge_arguments={"wrong": wrong},
        )
    return found


@pytest.mark.parametrize(
    ("candidate", "rules", "code"),
    [
        ("good", "{max_drop: 0}", 0),
        ("less", "{max_drop: 0.1}", 0),
        ("less", "{max_drop: 0.02}", 4),
        ("less", "{max_drop: 0.02, on_inconclusive: fail}", 1),
        ("bad", "{max_drop: 0.1}", 1),
        ("bad", "{max_drop: 0.1, min: 0.6}", 1),
    ],
)
def test_exit_codes(unieval, runs, tmp_path, candidate, rules, code):
    gates = write(tmp_path, f"vl-rewardbench.overall: {rules}")
    done = unieval("compare", runs["good"], runs[candidate], "--gate", gates, "--json")
    assert done.code == code, done.err
    found = json.loads(done.out)
    assert found["outcome"] == {0: "pass", 1: "fail", 4: "inconclusive"}[code]
    assert all(result["reason"] for result in found["gates"])
    if code == 4:
        assert "would if this is the true value" in found["gates"][0]["reason"]


def test_gates_about_what_there_is_not(unieval, runs, tmp_path):
    for text, said in (
        ("vl-rewardbnch.overall: {min: 0.1}", "did you mean 'vl-rewardbench'?"),
        ("vl-rewardbench.overal: {min: 0.1}", "did you mean 'overall'?"),
        ("vl-rewardbench.general.acc: {min: 0.1}", "did you mean 'general.accuracy'?"),
    ):
        done = unieval("compare", runs["good"], runs["bad"], "--gate", write(tmp_path, text))
        assert done.code == 2
        assert said in done.err
        assert "Traceback" not in done.err
