"""The configuration of a training: every mistake is named, with its place."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from unieval.harness.errors import UserError
from unieval.reward_training.configuration import load_settings

GIVEN: dict[str, Any] = {
    "model": {"path": "org/model"},
    "data": {"sources": {"mine": {"adapter": "jsonl", "data": "rows.jsonl"}}},
    "training": {"steps": 3},
    "output": "out",
}


def write(folder: Path, **sections: Any) -> Path:
    file = folder / "config.yaml"
    file.write_text(yaml.safe_dump(GIVEN | sections), encoding="utf-8")
    return file


@pytest.mark.parametrize(
    ("sections", "said"),
    [
        ({"training": {"step": 3}}, "training.step: no such setting; did you mean 'steps'?"),
        ({"lora": {"rank": 4}}, "lora: no such setting; Known: model, data, training"),
        ({"training": {"steps": "many"}}, "training.steps: Input should be a valid integer"),
        ({"training": {"steps": 3, "bf16": "maybe"}}, "training.bf16: Input should be 'auto'"),
        ({"training": {"steps": 0}}, "training.steps: Input should be greater than or equal to 1"),
        ({"training": {}}, "training: give either steps or epochs"),
        ({"training": {"steps": 1, "epochs": 1}}, "training: give either steps or epochs"),
        ({"training": {"steps": 1, "freeze": ["vison"]}}, "training.freeze.0: Input should be"),
        (
            {"training": {"steps": 1, "freeze": ["vision", "projector", "language"]}},
            "training: freeze leaves nothing to train",
        ),
        ({"model": {}}, "model.path: is missing"),
        ({"model": "org/model"}, "model: Input should be a valid dictionary"),
        ({"data": {}}, "data: name either a mixture or sources"),
        ({"data": {"sources": {"m": {"dat": "x"}}}}, "data.sources.m.data: is missing"),
        (
            {"data": {"sources": {"m": {"data": "x", "adapter": "jsonl", "wait": 1}}}},
            "data.sources.m.wait: no such setting; did you mean 'weight'?",
        ),
        (
            {"data": {"sources": {"hpdd": {"data": "x"}}}},
            "data.sources: hpdd: preference adapter 'hpdd' not found; did you mean 'hpd'?",
        ),
        (
            {"data": {"sources": {"hpd": {"data": "x", "cap": 0}}}},
            "data.sources: hpd: cap must be positive",
        ),
        ({"evaluate": [{"limit": 3}]}, "evaluate.0.task: is missing"),
        ({"evaluate": [{"task": "x", "order": "up"}]}, "evaluate.0.order: Input should be 'given'"),
        ({"objective": "bradley-terry"}, "objective: Input should be 'generative'"),
    ],
)
def test_a_mistake_is_told_by_file_setting_and_cure(tmp_path, sections, said):
    file = write(tmp_path, **sections)
    with pytest.raises(UserError) as caught:
        load_settings(file)
    assert str(caught.value).startswith(f"{file}, {said}")


def test_a_file_that_is_none_is_told(tmp_path):
    with pytest.raises(UserError, match="does not exist"):
        load_settings(tmp_path / "none.yaml")
    broken = tmp_path / "broken.yaml"
    broken.write_text("model: {", encoding="utf-8")
    with pytest.raises(UserError, match=r"broken\.yaml is no YAML file"):
        load_settings(broken)
    broken.write_text("- model", encoding="utf-8")
    with pytest.raises(UserError, match="must hold the sections model, data"):
        load_settings(broken)


def test_paths_are_relative_to_the_file(tmp_path):
    (tmp_path / "checkpoint").mkdir()
    (tmp_path / "bench").mkdir()
    file = write(
        tmp_path,
        model={"path": "checkpoint"},
        data={**GIVEN["data"], "prompts": "mine"},
        evaluate=[{"task": "a", "data": "bench"}, {"task": "b", "data": "demo"}, {"task": "c"}],
    )
    settings = load_settings(file)
    assert settings.model.path == str(tmp_path / "checkpoint")
    assert settings.output == tmp_path / "out"
    assert settings.data.prompts == tmp_path / "mine"
    assert settings.data.as_mixture().root == tmp_path
    assert [e.data for e in settings.evaluate] == [str(tmp_path / "bench"), "demo", "hub"]
    assert load_settings(write(tmp_path)).model.path == "org/model"


def test_a_mixture_file_keeps_what_is_not_replaced(tmp_path):
    (tmp_path / "data").mkdir()
    mixture = {"seed": 7, "held_out": 0.5, "root": "media", **GIVEN["data"]}
    (tmp_path / "data" / "mixture.yaml").write_text(yaml.safe_dump(mixture), encoding="utf-8")
    data = {"mixture": "data/mixture.yaml", "held_out": 0.1, "save_media": "kept"}
    found = load_settings(write(tmp_path, data=data)).data.as_mixture()
    assert (found.seed, found.held_out) == (7, 0.1)
    assert found.root == tmp_path / "data" / "media"
    assert found.save_media == tmp_path / "data" / "media" / "kept"


def test_a_shipped_mixture_is_found_by_name(tmp_path):
    data = {"mixture": "unifiedreward-236k", "root": "downloads", "size": 1000}
    found = load_settings(write(tmp_path, data=data)).data.as_mixture()
    assert (found.root, found.size) == (tmp_path / "downloads", 1000)
    assert "hpd" in found.sources


def test_numbers_may_be_written_as_yaml_does_not_know_them(tmp_path):
    """YAML 1.1 takes 1e-5 for a text."""
    file = tmp_path / "config.yaml"
    file.write_text(
        "model: {path: a/b}\ndata: {mixture: unifiedreward-236k}\n"
        "training: {steps: 1, learning_rate: 1e-5}\noutput: out\n",
        encoding="utf-8",
    )
    assert load_settings(file).training.learning_rate == 1e-5


def test_by_the_command_line(unieval: Any, tmp_path: Path) -> None:
    missing = unieval("train-reward", tmp_path / "none.yaml")
    assert missing.code == 2
    assert "none.yaml" in missing.err
    wrong = unieval("train-reward", write(tmp_path, modell={"path": "here"}))
    assert wrong.code == 2
    assert "modell" in wrong.err
    assert "Traceback" not in wrong.err
