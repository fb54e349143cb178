"""The public UnifiedReward checkpoints: each is asked what its templates and grammars cover."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
import unieval.judges
from unieval.harness.errors import UserError
from unieval.harness.items import Verdict
from unieval.harness.parsing import Asked, get_grammar
from unieval.harness.prompts import Prompts
from unieval.judges.unifiedreward.presets import (
    ANY,
    CATEGORIES,
    DIRECT,
    EDIT_SCORES,
    FOLLOWING,
    PRESETS,
    QUALITY,
    REASONED,
    SCORES,
    SUBJECTS,
    VERDICT,
    Questions,
    find_preset,
)

PROMPTS = Path(unieval.judges.__file__).parent / "prompts"
EVERY = tuple({questions: None for preset in PRESETS for questions in preset.questions})
ASKED = [
    (questions, template, tie)
    for questions in EVERY
    for template in questions.templates
    for tie in (True, False)
]


def render(questions: Questions, template: str, *, tie: bool, native: bool = False) -> str:
    """A template's text as for an item of its kind; what is no text stands as bytes."""
    modality, objective = template.removesuffix(".j2").removesuffix("_point").split("_")
    count = 1 if "_point" in template else 2
    answers = ["yes", "no"][:count] if objective == "understanding" else []
    candidates = answers or [b"first", b"second"][:count]
    context = [] if objective == "generation" else [b"source"]
    media = len(context) + (0 if answers else count)
    frames = [] if native else [8 if modality == "video" else 1] * media
    parts = Prompts(PROMPTS / questions.prompts).parts(
        template,
        {"context": context, "candidates": candidates},
        prompt="a {{ red }} [cube]",
        answers=answers,
        frames=frames,
        tie=tie,
        low="1",
        high="5",
    )
    assert [part for part in parts if isinstance(part, bytes)] == [
        part for part in (*context, *candidates) if isinstance(part, bytes)
    ]
    (text,) = (part for part in parts if isinstance(part, str))
    return text


@pytest.mark.parametrize(("questions", "template", "tie"), ASKED)
def test_every_question_is_rendered_with_all_that_it_is_about(
    questions: Questions, template: str, tie: bool
) -> None:
    for native in (False, True):
        text = render(questions, template, tie=tie, native=native)
        assert "a {{ red }} [cube]" in text
        assert ("Answer 2: no" in text) == (
            "understanding" in template and "_point" not in template
        )
        assert "{%" not in text
        assert not text.startswith("\n")


def nouns(template: str) -> str:
    return "Answer" if "understanding" in template else template.split("_")[0].capitalize()


@pytest.mark.parametrize(("questions", "template", "tie"), ASKED)
def test_a_question_says_the_answer_that_is_read(
    questions: Questions, template: str, tie: bool
) -> None:
    text, noun = render(questions, template, tie=tie), nouns(template)
    point = "_point" in template
    video = template.startswith("video")
    match questions.name, questions.grammar:
        case "direct", "unifiedreward":
            said = ["Final Score: x"] if point else [f"{noun} 1 is better", f"{noun} 2 is better"]
        case "reasoned", "unifiedreward-think":
            said = ["<think>", "</think>", "<answer>", "</answer>"]
            said += [f"{noun} 1 is better", f"{noun} 2 is better"]
        case "scores", "unifiedreward-2.0-scores" if point:
            middle = "Physics" if video else "Coherence"
            said = [f"{d} Score (1-5): " for d in ("Alignment", middle, "Style")]
        case "scores", "unifiedreward-2.0-scores":
            said = [f"{d} Score:\n {noun} 1: a\n {noun} 2: b"
                    for d in ("Alignment", "Coherence", "Style")]  # fmt: skip
        case "verdict", "unifiedreward-edit":
            said = ["Edited image 1 is better", "Edited image 2 is better"]
        case "scores", "unifiedreward-edit-scores":
            said = ["Edited image 1: x", "Edited image 2: y", "below zero"]
        case (("following" | "quality"), "unifiedreward-edit-scores"):
            said = ['{"reasoning": "...", "score": [a, b]}', "0 to 25"]
        case "categories", "unifiedreward-flex":
            keys = "prompt categories name dims reason_1 reason_2 score_1 score_2 cat_reason"
            said = [f'"{key}"' for key in f"{keys} cat_winner reason winner".split()]
            said += [f"{noun} 1", f"{noun} 2", "Aesthetics"]
        case _:
            pytest.fail("a way of asking that this test does not know")
    assert [phrase for phrase in said if phrase not in text] == []
    has_ties = questions.name in ("direct", "verdict")
    assert ("equally good" in text) == (has_ties and tie and not point)


@pytest.mark.parametrize("questions", [DIRECT, VERDICT], ids=lambda q: q.name)
@pytest.mark.parametrize("tie", [True, False])
def test_the_verdicts_offered_are_those_that_are_read(questions: Questions, tie: bool) -> None:
    read = get_grammar(questions.grammar)
    for template in questions.templates:
        if "_point" in template:
            continue
        modality, _, rest = template.removesuffix(".j2").partition("_")
        objective = "understanding" if rest == "understanding" else "generation"
        lines = render(questions, template, tie=tie).splitlines()
        found = [read(line, Asked(modality, objective, "robust")).verdict for line in lines]
        expected = [Verdict.FIRST, Verdict.SECOND, *([Verdict.TIE] if tie else [])]
        assert [verdict for verdict in found if verdict] == expected


@pytest.mark.parametrize("questions", EVERY, ids=lambda q: f"{q.prompts}:{len(q.subjects)}")
def test_the_form_shown_is_itself_no_answer(questions: Questions) -> None:
    """A checkpoint that copies the form must not thereby score or choose."""
    if questions in (DIRECT, VERDICT):  # these list the answers themselves: two, so ambiguous
        return
    for template in questions.templates:
        modality, _, rest = template.removesuffix(".j2").removesuffix("_point").partition("_")
        objective = "understanding" if rest == "understanding" else "generation"
        scale = (1.0, 5.0) if "_point" in template else None
        asked = Asked(modality, objective, "robust", scale)
        text = render(questions, template, tie=True)
        found = get_grammar(questions.grammar)(text, asked)
        assert found.verdict is None
        assert found.scores is None


def test_a_folder_has_a_template_for_all_that_is_asked_and_for_nothing_else() -> None:
    for questions in EVERY:
        held = {file.name for file in (PROMPTS / questions.prompts).glob("*.j2")}
        assert set(questions.templates) <= held
        if questions.prompts != DIRECT.prompts:
            assert held == set(questions.templates)
    assert set(ANY.templates) == {f.name for f in (PROMPTS / DIRECT.prompts).glob("*.j2")}


def test_what_a_plan_is_told_follows_from_the_subjects() -> None:
    assert DIRECT.supports.modalities == {"image", "video"}
    assert DIRECT.supports.objectives == {"generation", "understanding"}
    assert (DIRECT.supports.pairwise, DIRECT.supports.pointwise) == (True, True)
    assert (REASONED.supports.pairwise, REASONED.supports.pointwise) == (True, False)
    assert set(SUBJECTS) - set(REASONED.subjects) == {"image_edit"}
    for questions in (SCORES, CATEGORIES):
        assert questions.supports.modalities == {"image", "video"}
        assert questions.supports.objectives == {"generation"}
    for questions in (VERDICT, EDIT_SCORES, FOLLOWING, QUALITY):
        assert questions.supports.modalities == {"image"}
        assert questions.supports.objectives == {"generation"}
        assert questions.supports.pairwise != questions.supports.pointwise


def test_every_checkpoint_is_named_once_and_asked_in_ways_of_different_names() -> None:
    for of in (lambda p: p.name, lambda p: p.checkpoint):
        assert len({of(preset) for preset in PRESETS}) == len(PRESETS)
    for preset in PRESETS:
        owner, _, name = preset.checkpoint.partition("/")
        assert (owner, name.lower()) == ("CodeGoat24", preset.name)
        assert preset.size.lower() in preset.name
        assert preset.size.lower() in preset.base.lower()
        assert preset.licence == "mit"
        names = [questions.name for questions in preset.questions]
        assert len(set(names)) == len(names)
        assert preset.asked() is preset.questions[0]
        assert [preset.asked(name) for name in names] == list(preset.questions)
        for questions in preset.questions:
            get_grammar(questions.grammar)
            assert min(questions.frames, questions.max_new_tokens, preset.max_pixels) > 0


@pytest.mark.parametrize(
    ("name", "ways"),
    [
        ("unifiedreward-7b-v1.5", ["direct"]),
        ("unifiedreward-qwen-7b", ["direct"]),
        ("unifiedreward-2.0-qwen-7b", ["direct", "scores"]),
        ("unifiedreward-think-qwen-7b", ["reasoned", "direct"]),
        ("UnifiedReward-Edit-qwen3vl-8b", ["verdict", "scores", "following", "quality", "direct"]),
        ("unifiedreward-flex-qwen3vl-8b", ["categories"]),
    ],
)
def test_each_generation_is_asked_in_its_own_ways(name: str, ways: list[str]) -> None:
    assert [questions.name for questions in find_preset(name).questions] == ways


def test_what_is_not_there_is_named_with_the_nearest_that_is() -> None:
    with pytest.raises(UserError, match="did you mean 'unifiedreward-qwen-7b'"):
        find_preset("unifiedreward-qwen7b")
    with pytest.raises(UserError, match="did you mean 'scores'"):
        find_preset("unifiedreward-2.0-qwen-7b").asked("score")


def test_the_settings_that_differ_from_the_usual() -> None:
    assert find_preset("unifiedreward-think-qwen-7b").max_pixels == 384 * 384
    assert (SCORES.frames, SCORES.point_frames) == (8, 16)
    assert REASONED.max_new_tokens == CATEGORIES.max_new_tokens == 4096
    assert {questions.name for questions in EVERY if questions.immediate} == {"direct"}
    thinking = [preset.name for preset in PRESETS if preset.chat]
    assert thinking == [preset.name for preset in PRESETS if "qwen35" in preset.name]


def test_presets_are_data_and_need_no_model_code() -> None:
    code = (
        "import sys, unieval.judges.unifiedreward.presets\n"
        "print([m for m in ('torch', 'transformers', 'jinja2', 'PIL') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
