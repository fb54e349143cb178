"""Statistics of a mixture, as data and as printed."""

from __future__ import annotations

import io
import json
from collections import Counter

from rich.console import Console
from test_preferences_data import pair, point
from unieval.harness.items import Media, Verdict
from unieval.reward_training.mixtures import Built
from unieval.reward_training.sampling import balanced, verdicts
from unieval.reward_training.summary import summarise, summarise_built

ANSWERS = {"objective": "understanding", "context": (Media("video", "v"),), "modality": "video"}
TRAIN = [
    pair("a"),
    pair("a"),
    pair("b", Verdict.SECOND, rationale="why"),
    pair("c", Verdict.BOTH_GOOD),
    point("d", 1),
    point("e", 3),
    point("f", 5),
    pair("g", source="other", candidates=("ab", "abcd"), prompt="q?", **ANSWERS),
]


def test_summary_as_data() -> None:
    found = summarise(TRAIN).as_dict()
    assert found["rows"] == 8
    images, scores, answers = found["parts"]
    assert images == {
        "source": "test",
        "kind": "pair",
        "task": "image generation",
        "rows": 4,
        "repeated": 1,
        "verdicts": {"first": 2, "second": 1, "tie": 1},
        "prompt_characters": {"mean": 11.0, "max": 11},
        "answer_characters": {},
        "rationales": 1,
        "images": 8,
        "videos": 0,
    }
    assert (scores["kind"], scores["histogram"], scores["images"]) == ("point", [1, 0, 1, 0, 1], 3)
    assert answers["answer_characters"] == {"mean": 3.0, "max": 4}
    assert (answers["task"], answers["videos"]) == ("video understanding", 1)
    json.dumps(found)


def test_summary_of_a_built_mixture_is_printed_with_what_was_left_out() -> None:
    turned = balanced(TRAIN, 0)
    skipped = {"hpd": Counter({"rank: is missing": 1200}), "oip": Counter[str]()}
    built = Built(turned, [pair("h")], skipped, verdicts(TRAIN), verdicts(turned))
    summary = summarise_built(built)
    found = summary.as_dict()
    assert found["held_out"] == 1
    assert found["skipped"] == {"hpd": {"rank: is missing": 1200}}
    assert found["places"]["before"] == {"first": 3, "second": 1, "tie": 1}
    out = io.StringIO()
    Console(file=out, width=160).print(summary.tables())
    text = out.getvalue()
    for shown in (
        "8 preferences",
        "video understanding",
        "█▁█▁█",
        "places of the better candidate: 3 / 1 / 1 in the data",
        "held out: 1",
        "1,200",
        "rank: is missing",
    ):
        assert shown in text


def test_summary_of_nothing() -> None:
    summary = summarise([])
    assert summary.as_dict()["rows"] == 0
    out = io.StringIO()
    Console(file=out).print(summary.tables())
    assert "0 preferences" in out.getvalue()
