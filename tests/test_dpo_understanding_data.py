"""Pairs of answers as rows: what is read, what is refused, and how settings name them."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import pytest
import yaml
from dpo_understanding_setup import pairs_of, said, write_pairs, write_plain
from unieval.dpo.understanding.settings import DpoSettings, Settings
from unieval.harness.errors import UserError
from unieval.harness.items import Verdict
from unieval.reward_training.adapters import read
from unieval.reward_training.configuration import load

ROW = {"id": "1", "image": "a.png", "prompt": "Who?", "chosen": "A cat.", "rejected": "A dog."}
TURNS = {
    "id": "1",
    "modality": "image",
    "media": ["a.png", "b.png"],
    "prompt": said("Who?", "user", "image", "image"),
    "chosen": said("A cat."),
    "rejected": said("A dog."),
}


def test_what_build_preferences_writes_is_read(tmp_path):
    rows = pairs_of(write_pairs(tmp_path / "pairs", 3))
    assert [row.id for row in rows] == ["q0", "q1", "q2"]
    assert rows[1].prompt == "What is shown in 1?"
    assert rows[1].candidates == ("a blue circle above it", "both are equally good")
    assert rows[1].verdict is Verdict.FIRST
    (medium,) = rows[1].context
    assert Path(medium.uri) == tmp_path / "pairs" / "media" / "1.png"


def test_plain_rows_are_read(tmp_path):
    file = write_plain(
        tmp_path / "rows.jsonl",
        ROW,
        {**ROW, "prompt": "<image>\nWho?", "id": 2},
        {"video": "v.mp4", "prompt": "What?", "chosen": "x ", "rejected": "x"},
        TURNS,
    )
    first, placed, film, turns = pairs_of(file)
    assert first.prompt == placed.prompt == "Who?"
    assert placed.id == "2"
    assert film.modality == "video"
    assert len(film.id) == 16
    assert film.candidates == ("x ", "x")
    assert [Path(medium.uri).name for medium in turns.context] == ["a.png", "b.png"]
    assert turns.candidates == first.candidates


@pytest.mark.parametrize(
    ("row", "column", "rule"),
    [
        ({**ROW, "image": None}, "media", "is missing; name what is asked about"),
        ({**ROW, "image": []}, "image", "must be a list with something in it"),
        ({**ROW, "image": "../a.png"}, "image", "must hold or name an image"),
        ({**ROW, "chosen": " "}, "chosen", "must be text"),
        ({**ROW, "rejected": "A cat."}, "rejected", "must differ from chosen"),
        ({**ROW, "prompt": "<image>\n"}, "prompt", "must hold a question"),
        ({k: v for k, v in ROW.items() if k != "rejected"}, "rejected", "is missing"),
        ({**TURNS, "modality": "audio"}, "modality", "must be image or video"),
        ({**TURNS, "media": ["a.png"]}, "prompt", "must show as many media as media names"),
        ({**TURNS, "chosen": said("A cat.", "user")}, "chosen", "must be text, or one turn of the"),
        ({**TURNS, "chosen": said("A cat.") * 2}, "chosen", "must be text, or one turn of the"),
        ({**TURNS, "chosen": said("")}, "chosen", "must be text (it is empty)"),
        ({**TURNS, "chosen": said("A", "assistant", "image")}, "chosen", "must be text alone"),
        (
            {**TURNS, "prompt": [{"role": "user", "content": [{"type": "audio"}]}]},
            "prompt",
            "must be images or videos, then text",
        ),
    ],
)
def test_a_row_that_does_not_fit_is_named(tmp_path, row, column, rule):
    file = write_plain(tmp_path / "rows.jsonl", ROW, row)
    with pytest.raises(UserError) as caught:
        pairs_of(file)
    assert str(caught.value).startswith(f"{file}, row 1, column '{column}': {rule}")
    skipped: Counter[str] = Counter()
    assert len(list(read("answer-pairs", file, skip_bad=True, skipped=skipped))) == 1
    assert skipped.total() == 1


def test_what_is_asked_about_is_on_one_side_of_the_split(tmp_path):
    named = ((i, f"Who {i}?", f"{i // 2}.png") for i in range(4))
    rows = [{**ROW, "id": str(i), "prompt": asked, "image": name} for i, asked, name in named]
    clusters = [row.cluster for row in pairs_of(write_plain(tmp_path / "rows.jsonl", *rows))]
    assert clusters == ["0.png", "0.png", "1.png", "1.png"]


GIVEN: dict[str, Any] = {
    "model": {"path": "org/model"},
    "data": {"path": "pairs"},
    "training": {"steps": 3},
    "output": "out",
}


def write(folder: Path, **sections: Any) -> Path:
    file = folder / "config.yaml"
    file.write_text(yaml.safe_dump(GIVEN | sections), encoding="utf-8")
    return file


def test_a_path_is_a_source(tmp_path):
    settings = load(write(tmp_path, data={"path": "pairs", "media": "films"}), Settings)
    mixture = settings.data.as_mixture()
    source = mixture.sources["pairs"]
    assert (source.adapter, source.data, source.media) == ("answer-pairs", "pairs", "films")
    assert mixture.root == tmp_path
    assert not mixture.balance
    assert settings.training.learning_rate == 5e-7
    assert settings.skipping_bad().data.as_mixture().skip_bad


def test_a_mixture_may_stand_in_for_a_path(tmp_path):
    named = {"films": {"adapter": "sharegptvideo-pair", "data": "x"}}
    settings = load(write(tmp_path, data={"sources": named}), Settings)
    assert set(settings.data.as_mixture().sources) == {"films"}


@pytest.mark.parametrize(
    ("sections", "said"),
    [
        ({"data": {}}, "data: name either a mixture or sources"),
        ({"data": {"path": "x", "mixture": "y"}}, "data: name either a mixture or sources"),
        ({"data": {"path": "x", "sources": {"hpd": {"data": "y"}}}}, "data: name either a path"),
        ({"data": {"pth": "x"}}, "data.pth: no such setting; did you mean 'path'?"),
        ({"dpo": {"betta": 1}}, "dpo.betta: no such setting; did you mean 'beta'?"),
        ({"dpo": {"loss": "dpo"}}, "dpo.loss: Input should be 'sigmoid', 'ipo'"),
        ({"dpo": {"label_smoothing": 0.5}}, "dpo.label_smoothing: Input should be less than 0.5"),
        ({"dpo": {"loss": "ipo", "label_smoothing": 0.1}}, "dpo: label_smoothing has no meaning"),
        ({"dpo": {"loss": "exo_pair"}}, "dpo: loss exo_pair needs label_smoothing"),
        ({"dpo": {"reference": "adapter"}}, "the file: dpo.reference: adapter needs training.lora"),
    ],
)
def test_a_mistake_is_told_by_file_setting_and_cure(tmp_path, sections, said):
    file = write(tmp_path, **sections)
    with pytest.raises(UserError) as caught:
        load(file, Settings)
    assert str(caught.value).startswith(f"{file}, {said}")


def test_the_reference_follows_from_the_kind_of_training(tmp_path):
    assert load(write(tmp_path), Settings).reference == "copy"
    adapted = write(tmp_path, training={"steps": 3, "lora": {}})
    assert load(adapted, Settings).reference == "adapter"


def test_losses_have_weights():
    assert DpoSettings(loss="ipo").weighted() == (["ipo"], [1.0])
    smoothed = DpoSettings(label_smoothing=0.25, sft=0.5).weighted()
    assert smoothed == (["sigmoid", "robust", "sft"], [1.5, -0.5, 0.5])


def test_by_the_command_line(unieval: Any, tmp_path: Path) -> None:
    missing = unieval("dpo", "understanding", tmp_path / "none.yaml")
    assert missing.code == 2
    assert "none.yaml" in missing.err
    assert "Traceback" not in missing.err
