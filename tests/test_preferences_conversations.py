"""Conversations: the judge's own question and pictures, and answers that its grammar reads."""

from __future__ import annotations

import doctest
import io
from pathlib import Path
from typing import Any

import av
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from test_preferences_data import embedded, pair, png, point
from unieval.harness import scores as module
from unieval.harness.errors import MediaError, UserError
from unieval.harness.items import (
    SCORE,
    THREE_WAY,
    TWO_WAY,
    Media,
    PairItem,
    PointItem,
    Request,
    Verdict,
)
from unieval.harness.parsing import Asked, get_grammar
from unieval.harness.scores import SCORE_RANGES, written
from unieval.judges.vlm import VisionLanguageJudge
from unieval.reward_training.conversations import Conversations, answer
from unieval.reward_training.preferences import Preference

TEXTS = ("A red cube.", "A blue ball.")


def clip(path: Path, count: int) -> Media:
    with av.open(str(path), "w") as file:
        stream = file.add_stream("libx264", rate=8)
        stream.width, stream.height, stream.pix_fmt = 48, 32, "yuv420p"
        for i in range(count):
            image = Image.open(io.BytesIO(png(i, (48, 32))))
            file.mux(stream.encode(av.VideoFrame.from_image(image)))
        file.mux(stream.encode())
    return Media("video", str(path))


@pytest.fixture(scope="module")
def pairs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Preference]:
    """One pair for each of the judge's templates."""
    folder = tmp_path_factory.mktemp("clips")
    long, short = clip(folder / "long.mp4", 12), clip(folder / "short.mp4", 3)
    understanding: dict[str, Any] = {"objective": "understanding", "candidates": TEXTS}
    return {
        "image_generation": pair("a", candidates=(embedded(1), embedded(2))),
        "image_edit": pair("b", candidates=(embedded(1), embedded(2)), context=(embedded(3),)),
        "image_understanding": pair("c", **understanding, context=(embedded(4),)),
        "video_generation": pair("d", modality="video", candidates=(long, short)),
        "video_understanding": pair("e", modality="video", **understanding, context=(long,)),
    }


NAMES = (
    "image_generation",
    "image_edit",
    "image_understanding",
    "video_generation",
    "video_understanding",
)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("tie", [True, False])
def test_training_asks_what_the_judge_asks(
    name: str, tie: bool, pairs: dict[str, Preference]
) -> None:
    preference = pairs[name]
    first, second = preference.candidates
    item = PairItem(
        "x",
        preference.modality,
        preference.objective,
        preference.prompt,
        (first, second),
        Verdict.FIRST,
        preference.context,
    )
    request = Request("task", item, "ab", 0, 1, THREE_WAY if tie else TWO_WAY)
    judge = VisionLanguageJudge(path="none", frames=4, max_pixels=200)
    asked = judge.chat(request)
    made = Conversations(frames=4, max_pixels=200, two_way=0 if tie else 1).row(preference)
    assert made.answer == answer(preference)
    assert made.chat.parts[-1] == asked.parts[-1] == asked.text
    assert [i.tobytes() for i in made.chat.media] == [i.tobytes() for i in asked.media]
    assert all(i.width * i.height <= 200 for i in made.chat.images)
    assert ("equally good" in asked.text) == tie


@pytest.mark.parametrize("verdict", Verdict)
@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("rationale", [None, "Image 2 is better at first sight."])
def test_the_judges_grammar_reads_the_answers(
    name: str, verdict: Verdict, rationale: str | None, pairs: dict[str, Preference]
) -> None:
    given_pair = pairs[name]
    preference = pair(
        "x",
        verdict,
        modality=given_pair.modality,
        objective=given_pair.objective,
        candidates=given_pair.candidates,
        context=given_pair.context,
        rationale=rationale,
    )
    text = Conversations(rationale=True).completion(preference)
    asked = Asked(preference.modality, preference.objective, "robust")
    assert get_grammar("unifiedreward")(text, asked).verdict is verdict.coarse
    assert Conversations().completion(preference) == answer(preference)
    if rationale is None:
        assert text == answer(preference)
        assert "\n" not in text


def test_the_literal_answers(pairs: dict[str, Preference]) -> None:
    assert answer(pairs["image_edit"]) == "Image 1 is better"
    assert answer(pairs["video_generation"].swapped()) == "Video 2 is better"
    assert answer(pairs["video_understanding"]) == "Answer 1 is better"
    tie = pair("t", Verdict.BOTH_BAD)
    assert answer(tie) == "Both images are equally good"
    made = Conversations(rationale=True)
    reasoned = point("p", 3.25, rationale=" sharp ")
    assert made.completion(reasoned) == "<think>\nsharp\n</think>\nFinal Score: 3.2"


def test_ties_are_offered_to_a_share_of_decided_pairs_and_always_to_ties() -> None:
    made = Conversations(two_way=0.25)
    offered = [made.offers_tie(pair(str(i))) for i in range(2000)]
    assert sum(offered) / 2000 == pytest.approx(0.75, abs=0.04)
    assert all(made.offers_tie(pair(str(i), Verdict.TIE)) for i in range(50))
    always, again = Conversations(two_way=0), Conversations(two_way=0.25)
    assert all(always.offers_tie(pair(str(i))) for i in range(50))
    assert offered == [again.offers_tie(pair(str(i))) for i in range(2000)]


def test_scores_are_asked_for_in_their_own_range(pairs: dict[str, Preference]) -> None:
    video = pairs["video_generation"].media
    understanding: dict[str, Any] = {"objective": "understanding", "candidates": TEXTS[:1]}
    scored = {
        "1 (worst) to 5 (best)": point("a", 4, candidates=(embedded(1),)),
        "1 (worst) to 10 (best)": point("b", 7, modality="video", candidates=video[:1]),
        "0 (worst) to 100 (best)": point("c", 85, **understanding, context=(embedded(2),)),
        "0.5 (worst) to 2 (best)": point(
            "d", 1, modality="video", **understanding, context=video[1:], score_range=(0.5, 2)
        ),
    }
    for asked, preference in scored.items():
        row = Conversations(frames=4).row(preference)
        question = row.chat.text
        assert f"score from {asked}" in question
        assert preference.prompt in question
        assert question.endswith("Final Score: x")
        assert row.answer == f"Final Score: {preference.score:g}"
        expected = {"image": 1, "video": 3 if preference.id == "d" else 4}
        assert len(row.chat.images) == expected[preference.modality]
        if preference.modality == "video":
            assert f"as {len(row.chat.images)} frames" in question
        if preference.objective == "understanding":
            assert f"Answer: {TEXTS[0]}" in question


def test_training_on_scores_asks_what_the_judge_asks_and_its_grammar_reads_the_answer(
    pairs: dict[str, Preference],
) -> None:
    judge = VisionLanguageJudge(path="none", frames=4, max_pixels=200)
    for of in pairs.values():
        if of.objective == "generation" and of.context:
            continue  # a score of an edit is no preference
        low, high = SCORE_RANGES[of.modality, of.objective]
        fields: dict[str, Any] = {"modality": of.modality, "objective": of.objective}
        fields |= {"candidates": of.candidates[:1], "context": of.context}
        preference = point("x", low + 0.7 * (high - low), **fields)
        item = PointItem(
            "y",
            of.modality,
            of.objective,
            preference.prompt,
            of.candidates[0],
            of.context,
            score_range=(low, high),
        )
        asked = judge.chat(Request("task", item, "ab", 0, 1, SCORE))
        made = Conversations(frames=4, max_pixels=200).row(preference)
        assert made.chat.parts[-1] == asked.parts[-1] == asked.text
        assert [i.tobytes() for i in made.chat.media] == [i.tobytes() for i in asked.media]
        read = get_grammar("unifiedreward")(made.answer, Asked.of(item, "robust"))
        assert read.scores == (pytest.approx(preference.score, abs=0.05),)


@given(st.floats(0, 100))
def test_written_scores_are_short_and_near(score: float) -> None:
    text = written(score)
    assert abs(float(text) - score) <= 0.05 + 1e-9
    whole, _, decimals = text.partition(".")
    assert whole.isdigit()
    assert decimals == "" or (len(decimals) == 1 and decimals != "0")


def test_written_scores_of_whole_numbers() -> None:
    assert [written(x) for x in (4.0, 4.04, 100, -0.01, -0.5)] == ["4", "4", "100", "0", "-0.5"]
    assert doctest.testmod(module).failed == 0


def test_templates_can_be_replaced(tmp_path: Path) -> None:
    scores = tmp_path / "image_generation_point.j2"
    scores.write_text("Rate {{ prompt }}, {{ low }} to {{ high }}.")
    made = Conversations(prompts=tmp_path)
    question = made.row(point("a", candidates=(embedded(1),))).chat.text
    assert question == "Rate prompt of a, 1 to 5."
    scores.write_text("{{ unknown }}")
    with pytest.raises(UserError, match=r"template 'image_generation_point\.j2': 'unknown'"):
        Conversations(prompts=tmp_path).row(point("a", candidates=(embedded(1),)))
    (tmp_path / "image_generation.j2").write_text("{{ unknown }}")
    with pytest.raises(UserError, match="prompt template"):
        Conversations(prompts=tmp_path).row(pair("a", candidates=(embedded(1), embedded(2))))
    with pytest.raises(UserError, match="two_way=2 must be a share"):
        Conversations(two_way=2)


def test_media_that_cannot_be_opened_are_named(tmp_path: Path) -> None:
    missing = Media("image", str(tmp_path / "no.png"))
    for preference in (point("a", candidates=(missing,)), pair("b", candidates=(missing, missing))):
        with pytest.raises(MediaError, match=r"no\.png"):
            Conversations().row(preference)
