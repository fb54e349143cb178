"""A model that answers about the shapes world, and how true its answers are."""

from __future__ import annotations

import json

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from train_reward_setup import killed_at
from transformers import AutoTokenizer
from unieval.dpo.prompts_file import read_prompts
from unieval.dpo.world.answer_measure import Truths, measure_answers
from unieval.dpo.world.answer_prompts import read_answer_prompts, write_answer_prompts
from unieval.dpo.world.answer_training import train_answer_model
from unieval.harness.errors import UserError
from unieval.tasks.shapes.answer_truth import answer_score
from unieval.tasks.shapes.asked import any_picture_answers, film_answers
from unieval.tasks.shapes.dice import Dice
from unieval.tasks.shapes.films import Film
from unieval.tasks.shapes.motion import Actor, Cast
from unieval.tasks.shapes.scene import Scene, Thing

SCENE = Scene(
    (
        Thing("circle", "red", "small", 128, 128),
        Thing("circle", "blue", "large", 640, 128),
        Thing("star", "red", "large", 128, 640),
        Thing("star", "red", "small", 896, 640),
    ),
    30,
)
CAST = Cast(
    (
        Actor("square", "green", "small", "up"),
        Actor("star", "white", "large", "still"),
        Actor("star", "white", "small", "still"),
    )
)


@settings(max_examples=150, deadline=None)
@given(st.integers(0, 2**40), st.booleans())
def test_the_worlds_own_answers_are_worth_what_they_were_made_to_be(seed, film):
    pair = (film_answers if film else any_picture_answers)(Dice("truth", seed))
    subject = pair.subject
    shown = subject.cast if isinstance(subject, Film) else subject.scene
    for answer in pair.answers:
        spaced = answer.text.lower().replace(".", " .").replace(",", " ,")
        for text in (answer.text, spaced):
            measured = answer_score(shown, pair.question, text)
            assert measured.read, (pair.question, text)
            assert measured.score == pytest.approx(answer.score), (pair.question, text)


@pytest.mark.parametrize(
    ("shown", "question", "answer", "score"),
    [
        (SCENE, "How many red stars are there?", "I can see two red stars.", 1.0),
        (SCENE, "How many red stars are there?", "There are two stars.", 0.15),
        (SCENE, "How many white shapes are there?", "None.", 1.0),
        (SCENE, "Is there a blue star?", "No, there is no blue star.", 1.0),
        (SCENE, "Is there a blue star?", "Yes, there is no blue star.", 0.15),
        (SCENE, "What colour is the large circle?", "The large circle is blue.", 1.0),
        (SCENE, "What colour is the large circle?", "The blue circle is blue.", 1.0),
        (SCENE, "What colour is the large circle?", "The small circle is red.", 0.15),
        (SCENE, "What colour is the large circle?", "Blue. There is also a white star.", 0.75),
        (SCENE, "What colour is the large circle?", "Red. There is also a white star.", 0.0),
        (SCENE, "What colour is the large circle?", "It is hard to say.", 0.4),
        (
            SCENE,
            "Are there more stars than circles?",
            "No, there are two stars and two circles.",
            1,
        ),
        (
            SCENE,
            "Are there more stars than circles?",
            "No, there are one star and two circles.",
            0.15,
        ),
        (
            SCENE,
            "Is the red circle left or right of the blue circle?",
            "It is left of the blue circle.",
            1,
        ),
        (SCENE, "Which shape is highest up?", "It is the red star.", 0.15),
        (SCENE, "Describe the picture.", "A red circle, a blue circle and two red stars.", 1.0),
        (SCENE, "Describe the picture.", "A little red circle and two red stars.", 0.8),
        (SCENE, "Describe the picture.", "A big red circle, a blue circle and a red star.", 0.5),
        (CAST, "What does the green square do?", "It rises.", 1.0),
        (
            CAST,
            "What does the green square do?",
            "It is moving up. There is also a red star.",
            0.75,
        ),
        (CAST, "Does the green square move down?", "No, it rises.", 1.0),
        (CAST, "Does the green square move down?", "No, it grows.", 0.15),
        (CAST, "How many shapes stay still?", "Two shapes stay still.", 1.0),
        (CAST, "How many shapes stay still?", "Two shapes move or change.", 0.15),
        (CAST, "Which shape moves up?", "The green square.", 1.0),
        (
            CAST,
            "What happens in this film?",
            "A green square rises and two white stars stay still.",
            1,
        ),
        (
            CAST,
            "What happens in this film?",
            "A green square sinks and two white stars stay still.",
            0.75,
        ),
    ],
)
def test_truth_by_hand(shown, question, answer, score):
    measured = answer_score(shown, question, answer)
    assert measured.read
    assert measured.score == pytest.approx(score)


@pytest.mark.parametrize(
    ("question", "answer"),
    [
        ("How many red stars are there?", ""),
        ("How many red stars are there?", "It is blue."),
        ("What colour is the large circle?", "Blue, blue, blue."),
        ("What colour is the large circle?", "Blue. There is also a lot."),
        ("Describe the picture.", "A red circle and a of the."),
        ("Describe the picture.", "A red circle moving up."),
    ],
)
def test_what_cannot_be_read_is_worth_nothing_and_says_so(question, answer):
    measured = answer_score(SCENE, question, answer)
    assert (measured.score, measured.read) == (0.0, False)


def test_a_question_of_another_world_is_refused():
    with pytest.raises(ValueError, match="asks no such question"):
        answer_score(SCENE, "Who wrote this?", "Nobody.")


@pytest.mark.parametrize("modality", ["image", "video"])
def test_prompts_are_prompts_and_no_two_seeds_share_any(tmp_path, modality):
    found = []
    for seed in (1, 2):
        folder = tmp_path / str(seed)
        table = write_answer_prompts(folder, 12, seed, modality)
        assert write_answer_prompts(folder, 12, seed, modality) == table
        rows = read_prompts(table, modality, "understanding", with_candidates=False).rows
        asked = read_answer_prompts(folder)
        assert [row.id for row in rows] == [prompt.id for prompt in asked]
        for prompt in asked:  # every question fits what is shown
            answer_score(prompt.shown, prompt.question, "Yes.")
        found.append({(p.question, p.media.read_bytes()) for p in asked})
        assert len(found[-1]) == 12
    assert not found[0] & found[1]
    with pytest.raises(UserError, match="holds other prompts"):
        write_answer_prompts(tmp_path / "1", 13, 1, modality)


def test_truths_are_compared_prompt_by_prompt():
    import numpy as np

    read = np.ones((2, 2), dtype=bool)
    before = Truths([["a", "b"], ["c", "d"]], np.array([[1.0, 0.15], [0.4, 0.15]]), read)
    after = Truths([["a", "b"], ["c", "d"]], np.array([[1.0, 1.0], [0.4, 1.0]]), read)
    gain = after.gain(before)
    assert gain["truth"]["value"] == pytest.approx(0.425)
    assert gain["right"]["value"] == pytest.approx(0.5)
    assert after.figures()["right"]["value"] == pytest.approx(0.75)
    low, high = gain["truth"]["ci95"]
    assert low == pytest.approx(0.425)
    assert high == pytest.approx(0.425)


def test_a_killed_training_goes_on_and_its_model_answers(tmp_path):
    config = tmp_path / "answers.yaml"
    training = {"steps": 5, "batch_size": 2, "learning_rate": 3e-4, "save_every": 2, "workers": 0}
    training["log_every"] = 1
    few = {"pictures": 5, "films": 5, "asked_of_pictures": 2, "asked_of_films": 1, "held_out": 0}
    config.write_text(yaml.safe_dump({**few, "training": {**training, "freeze": ["vision"]}}))
    killed_at(3, config, _train_beside)
    out = tmp_path / "model"
    assert not (out / "README.md").is_file()
    assert train_answer_model(config, out) == out
    whole = train_answer_model(config, tmp_path / "whole")
    weights = [(folder / "model.safetensors").read_bytes() for folder in (out, whole)]
    assert weights[0] == weights[1]
    before = (out / "README.md").stat().st_mtime_ns
    train_answer_model(config, out)
    assert (out / "README.md").stat().st_mtime_ns == before

    for modality in ("image", "video"):
        folder = tmp_path / modality
        write_answer_prompts(folder, 2, 1, modality)
        truths = measure_answers(out, folder, samples=2)
        assert truths.scores.shape == (2, 2)
    words = AutoTokenizer.from_pretrained(out)
    assert words.decode(words("Red. Is it?")["input_ids"]) == "red. is it?"
    config.write_text(yaml.safe_dump({**few, "better": 0.9, "training": training}))
    with pytest.raises(UserError, match="better"):
        train_answer_model(config, out)


def _train_beside(config):
    return train_answer_model(config, config.with_name("model"))


def test_several_questions_are_asked_of_one_picture(tmp_path):
    from unieval.dpo.world.answer_data import NEXT, write_answers
    from unieval.dpo.world.answer_settings import AnswerSettings

    chosen = AnswerSettings.model_validate(
        {"pictures": 3, "films": 2, "better": 1.0, "training": {"steps": 1}}
    )
    rows = [json.loads(line) for line in write_answers(tmp_path, chosen).read_text().splitlines()]
    assert [row["candidates"][0].count(NEXT) for row in rows] == [5, 5, 5, 3, 3]
    assert all((tmp_path / row["context"][0]).is_file() for row in rows)
