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
from unieval.harness.errors import MediaError, UserError
from unieval.harness.items import THREE_WAY, TWO_WAY, Media, PairItem, Request, Verdict
from unieval.harness.parsing import Asked, get_grammar
from unieval.judges.vlm import VisionLanguageJudge
from unieval.reward_training import conversations as module
from unieval.reward_training.conversations import Conversations, answer, written
from unieval.reward_training.preferences import SCORE_RANGES, Preference

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
    asked = judge.prepare(request)
    made = Conversations(frames=4, max_pixels=200, two_way=0 if tie else 1).row(preference)
    assert made["prompt"] == [{"role": "user", "content": asked.text}]
    assert made["completion"][0]["role"] == "assistant"
    assert [i.tobytes() for i in made["images"]] == [i.tobytes() for i in asked.images]
    assert all(i.width * i.height <= 200 for i in made["images"])
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
        question = row["prompt"][0]["content"]
        assert f"score from {asked}" in question
        assert preference.prompt in question
        assert question.endswith("Final Score: x")
        assert row["completion"][0]["content"] == f"Final Score: {preference.score:g}"
        expected = {"image": 1, "video": 3 if preference.id == "d" else 4}
        assert len(row["images"]) == expected[preference.modality]
        if preference.modality == "video":
            assert f"as {len(row['images'])} frames" in question
        if preference.objective == "understanding":
            assert f"Answer: {TEXTS[0]}" in question


def test_there_is_a_pointwise_template_for_every_task() -> None:
    folder = Path(module.__file__).parent / "prompts"
    names = {f"{modality}_{objective}.j2" for modality, objective in SCORE_RANGES}
    assert {file.name for file in folder.iterdir()} == names


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
    (tmp_path / "image_generation.j2").write_text("Rate {{ prompt }}, {{ low }} to {{ high }}.")
    made = Conversations(point_prompts=tmp_path, prompts=None)
    question = made.row(point("a", candidates=(embedded(1),)))["prompt"][0]["content"]
    assert question == "Rate prompt of a, 1 to 5."
    (tmp_path / "image_generation.j2").write_text("{{ unknown }}")
    with pytest.raises(UserError, match=r"prompt template 'image_generation\.j2': 'unknown'"):
        Conversations(point_prompts=tmp_path).row(point("a", candidates=(embedded(1),)))
    with pytest.raises(UserError, match="prompt template"):
        Conversations(prompts=tmp_path).row(pair("a", candidates=(embedded(1), embedded(2))))
    with pytest.raises(UserError, match="two_way=2 must be a share"):
        Conversations(two_way=2)


def test_media_that_cannot_be_opened_are_named(tmp_path: Path) -> None:
    missing = Media("image", str(tmp_path / "no.png"))
    for preference in (point("a", candidates=(missing,)), pair("b", candidates=(missing, missing))):
        with pytest.raises(MediaError, match=r"no\.png"):
            Conversations().row(preference)


@pytest.mark.slow
def test_trl_learns_the_answer_alone(tmp_path: Path, pairs: dict[str, Preference]) -> None:
    """TRL's own collator takes the rows, and its labels are the answer and the end of the turn."""
    sft = pytest.importorskip("trl.trainer.sft_trainer")
    from tiny_checkpoints import save_tiny_qwen
    from unieval.judges.backends.processors import load_processor

    folder = save_tiny_qwen(tmp_path / "qwen")
    processor = load_processor(str(folder))
    collate = sft.DataCollatorForVisionLanguageModeling(processor, completion_only_loss=True)
    scored = point("p", 3.5, candidates=(embedded(5),))
    chosen = [pairs["image_edit"], pairs["video_generation"], scored]
    batch = collate([dict(Conversations(frames=4).row(p)) for p in chosen])
    for labels, preference in zip(batch["labels"], chosen, strict=True):
        learnt = processor.tokenizer.decode(labels[labels != -100])
        assert learnt.replace("<|im_end|>", "").strip() == answer(preference)
        assert "<|im_end|>" in learnt
    assert len(batch["image_grid_thw"]) == 3 + 7 + 1
