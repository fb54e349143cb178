"""``unieval reproduce`` in small: stopped in the middle, it ends with the same report."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from unieval.dpo.reproduction import pipeline
from unieval.dpo.reproduction.claims import DID_NOT, HELD, OPEN, claims_of, diagnosis
from unieval.dpo.reproduction.comparing import difference, gain, mean
from unieval.dpo.reproduction.settings import TRACKS, load_preset, presets
from unieval.dpo.reproduction.side_by_side import side_by_side
from unieval.dpo.reproduction.stages import Stages
from unieval.harness import manifest
from unieval.harness.errors import UserError

_ANSWERS: dict[str, Any] = {
    "prompts": 8,
    "candidates": 4,
    "source": {"temperature": 1.0, "max_new_tokens": 16, "video": "native", "max_pixels": 4096},
    "tests": 3,
    "samples": 2,
    "align": {
        "data": {"video": "native", "max_pixels": 4096},
        "training": {"steps": 2, "batch_size": 4, "learning_rate": 1e-4, "workers": 0},
    },
}
_TINY: dict[str, Any] = {
    "benchmarks": {"tasks": ["preference-pairs"], "limit": 4, "beside": ["random"]},
    "models": {
        "understanding": {
            "pictures": 16,
            "films": 16,
            "training": {"steps": 2, "batch_size": 8, "learning_rate": 5e-4, "workers": 0},
        }
    },
    "tracks": {"image understanding": _ANSWERS},
    "trainings": {"judge": 1, "random": 1},
    "examples": 2,
    "proves": "Such a size proves nothing.",
}


@pytest.fixture
def tiny(tmp_path: Path) -> Path:
    file = tmp_path / "tiny.yaml"
    file.write_text(yaml.safe_dump(_TINY), encoding="utf-8")
    return file


class _Killed(BaseException):
    """What ends a process at once, as far as Python code can tell."""


@pytest.mark.slow
def test_a_stopped_reproduction_goes_on_to_the_same_report(
    tiny: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    preset = load_preset(str(tiny), seed=None)
    whole = pipeline.reproduce(preset, tmp_path / "whole")

    sample = pipeline.sample
    calls: list[str] = []

    def killing(track: Any, prompts: Path, model: Path, folder: Path) -> Any:
        calls.append(folder.name)
        if len(calls) == 2:
            raise _Killed
        return sample(track, prompts, model, folder)

    monkeypatch.setattr(pipeline, "sample", killing)
    with pytest.raises(_Killed):
        pipeline.reproduce(preset, tmp_path / "stopped")
    stopped = pipeline.reproduce(preset, tmp_path / "stopped")
    assert calls[1] == calls[2], "the stage that was stopped is carried out again, no other is"
    assert len(calls) == 4

    one, other = (_without_times(file.read_text("utf-8")) for file in (whole, stopped))
    assert one == other
    assert "### Image understanding" in one
    assert "| the judge |" in one
    assert "| chance |" in one
    assert re.search(r"truth \+?-?\d\.\d+ \[.*\], n 6 outputs", one)
    assert (stopped.parent / "figures" / "gains.png").stat().st_size > 5_000
    with pytest.raises(UserError, match=r"reproduction\.seed"):
        pipeline.reproduce(load_preset(str(tiny), seed=5), tmp_path / "stopped")


def _without_times(report: str) -> str:
    return report.split("## Time")[0]


def test_a_stage_is_carried_out_once(tmp_path: Path) -> None:
    calls = []

    def make(folder: Path) -> dict[str, float]:
        calls.append(folder.name)
        return {"value": 0.5}

    for _ in range(2):
        stages = Stages(tmp_path, 1)
        assert stages.run("one", make) == {"value": 0.5}
        assert "one" in stages.seconds
    assert calls == ["one"]


def test_gains_are_means_of_differences_over_trainings() -> None:
    before = [[0.2, 0.4], [0.6, 0.6], [0.0, 0.2]]
    after = [[[0.4, 0.4], [0.6, 0.8], [0.2, 0.2]], [[0.2, 0.6], [0.8, 0.6], [0.2, 0.6]]]
    found = gain(before, after)
    # by hand: mean of all twelve afterwards, less the mean of the six before
    assert found.value == pytest.approx(5.6 / 12 - 2.0 / 6)
    assert found.low <= found.value <= found.high
    assert found.n == 6
    assert difference(after, after).value == 0
    same = gain(before, [before])
    assert (same.value, same.low, same.high) == (0, 0, 0)
    left_out = mean([[0.5, None], [1.0, 1.0]])
    assert (left_out.value, left_out.n) == (pytest.approx(2.5 / 3), 3)


def _track(truth: tuple[float, float], over: tuple[float, float]) -> dict[str, Any]:
    def value(ends: tuple[float, float]) -> dict[str, float]:
        return {"value": sum(ends) / 2, "low": ends[0], "high": ends[1], "n": 10}

    gained = {"truth": value(truth), "judged": value((-1, 1)), "each": []}
    return {
        "aligned": {"judge": gained, "truth": gained},
        "pairs": {"judge": {"pairs": 4, "right": 0.75, "differ": 4, "gap": 0.1}},
        "agreement": {"spearman": 0.5, "n": 10},
        "over_chance": value(over),
    }


@pytest.mark.parametrize(
    ("ends", "verdict"), [((0.01, 0.2), HELD), ((-0.1, 0.1), OPEN), ((-0.2, -0.01), DID_NOT)]
)
def test_a_claim_holds_where_its_interval_lies_above_zero(
    tiny: Path, ends: tuple[float, float], verdict: str
) -> None:
    preset = load_preset(str(tiny), seed=None)
    track = _track(ends, (-0.2, -0.1))
    figures = {"diff": {"value": 0.8, "ci95": [0.7, 0.9], "n": 100}}
    found = {
        "benchmarks": {preset.judge: {"preference-pairs": {"metrics": figures}}},
        "tracks": {"image understanding": track},
    }
    judge, improves, beats, joint = claims_of(preset, found)
    assert (judge.verdict, improves.verdict, beats.verdict) == (HELD, verdict, DID_NOT)
    assert joint.verdict not in (HELD, OPEN, DID_NOT)
    said = diagnosis(track)
    assert ("75%" in said) == (verdict != HELD)


def test_presets_have_all_four_tracks() -> None:
    assert {"full", "smoke"} <= set(presets())
    for name in ("full", "smoke"):
        assert set(load_preset(name, seed=1).tracks) == set(TRACKS)


def test_an_unknown_preset_is_told(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"preset .fall. not found\. Known: full, smoke"):
        load_preset("fall", seed=None)
    broken = tmp_path / "broken.yaml"
    broken.write_text(json.dumps({**_TINY, "trainings": {"random": 1}}), encoding="utf-8")
    with pytest.raises(UserError, match="name the judge"):
        load_preset(str(broken), seed=None)


def test_models_are_trained_before_the_tracks_that_share_them(
    tiny: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class _Carried(BaseException):
        pass

    begun: list[list[str]] = []
    trained: list[str] = []

    def training(kind: str, preset: Any, folder: Path) -> Path:
        trained.append(kind)
        return folder / "model"

    def beside(parts: list[str], out: Path) -> None:
        begun.append(parts)
        if len(begun) == 2:
            raise _Carried

    monkeypatch.setattr(pipeline, "side_by_side", beside)
    monkeypatch.setattr(pipeline, "train_model", training)
    tracks = dict.fromkeys(TRACKS, _ANSWERS)
    tiny.write_text(yaml.safe_dump({**_TINY, "tracks": tracks}), encoding="utf-8")
    with pytest.raises(_Carried):
        pipeline.reproduce(load_preset(str(tiny), seed=None), tmp_path / "out")
    assert begun == [["video", "image", "understanding"], list(reversed(TRACKS))]
    assert trained == begun[0], "what the processes have left is trained before tracks share it"


@pytest.mark.slow
def test_a_part_is_one_model_or_one_track(tiny: Path, tmp_path: Path) -> None:
    identity = {"reproduction": load_preset(str(tiny), seed=None).model_dump(mode="json")}
    manifest.write_or_match(tmp_path, identity, manifest.environment(0))
    pipeline.carry_out(tmp_path, "understanding")
    assert [stage.name for stage in tmp_path.iterdir() if stage.is_dir()] == ["model-understanding"]
    pipeline.carry_out(tmp_path, "image understanding")
    assert (tmp_path / "image-understanding-random-0-tests" / "stage.json").is_file()


def test_what_happens_beside_is_told_and_left_to_be_carried_out(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    side_by_side(["image generation", "video generation"], tmp_path)
    said = capsys.readouterr().err.splitlines()
    assert f"image generation | {tmp_path} is no run folder: it has no manifest.json" in said
    assert "video generation | ended with 1; what it left is carried out here" in said
