"""VBench's three scores from its own program's files, and the measures of video by hand."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from unieval.harness.encoding import encode_mp4
from unieval.harness.errors import MediaError, UserError
from unieval.harness.items import Media, PointItem
from unieval.harness.registry import judges
from unieval.harness.run import run
from unieval.judges.scorers.consistency import BackgroundConsistency, consistency
from unieval.judges.scorers.motion import MotionAmount, MotionEvenness, TemporalFlickering
from unieval.tasks.vbench_ranges import RANGES

PROMPTS = [f"a thing {i}" for i in range(4)]


def info(folder: Path) -> Path:
    file = folder / "VBench_full_info.json"
    rows = [{"prompt_en": prompt, "dimension": list(RANGES)} for prompt in PROMPTS]
    file.write_text(json.dumps(rows), encoding="utf-8")
    return file


def eval_results(folder: Path, dims: dict[str, float], spread: float = 0.0) -> Path:
    """As VBench writes them: two videos a prompt, whose results vary, on another scale."""
    folder.mkdir(exist_ok=True)
    for number, (dimension, figure) in enumerate(dims.items()):
        videos = [
            {
                "video_path": f"/videos/{prompt}-{copy}.mp4",
                "video_results": 100 * figure * (1 + spread * (i - 1.5)),
            }
            for i, prompt in enumerate(PROMPTS)
            for copy in range(2)
        ]
        file = folder / f"x{number}_eval_results.json"
        file.write_text(json.dumps({dimension: [figure, videos]}), encoding="utf-8")
    return folder


def told(tmp_path: Path, results: Path, **more: Any) -> dict[str, Any]:
    model = {"model": "vbench-results", "model_arguments": {"path": str(results)}}
    return {"task": "vbench", "data": str(info(tmp_path)), "judge": "as-recorded", **model, **more}


def test_the_published_aggregation_is_reproduced(shared, tmp_path):
    vectors = json.loads((shared / "vbench" / "aggregate_vectors.json").read_text("utf-8"))
    assert len(vectors) == 8
    for number, vector in enumerate(vectors):
        dims = {name.replace(" ", "_"): value for name, value in vector["dims"].items()}
        assert set(dims) == set(RANGES)
        results = eval_results(tmp_path / str(number), dims, spread=0.01 if number == 0 else 0)
        entry = run(**told(tmp_path, results), out=tmp_path / f"run{number}")["tasks"]["vbench"]
        for name in ("quality", "semantic", "total"):
            found = entry["metrics"][name]
            assert found["value"] == pytest.approx(vector[name], abs=1e-9)
            assert found["n"] == len(PROMPTS) * (16 if name == "total" else found["n"] // 4)
        for name, value in dims.items():
            found = entry["groups"][name]["metrics"]["value"]["value"]
            assert found == pytest.approx(value, abs=1e-9)
        if number == 0:
            low, high = entry["metrics"]["total"]["ci95"]
            assert low < entry["metrics"]["total"]["value"] < high


def test_a_missing_dimension_is_told_or_the_figure_is_partial(tmp_path):
    dims = {name: 0.5 * (low + high) for name, (low, high) in RANGES.items()}
    del dims["scene"]
    dims |= {"dynamic_degree": 0.9}
    results = eval_results(tmp_path / "results", dims)
    with pytest.raises(UserError, match=r"no results in scene; .*partial=yes"):
        run(**told(tmp_path, results), out=tmp_path / "run")
    partial = told(tmp_path, results, task_arguments={"partial": "yes"})
    entry = run(**partial, out=tmp_path / "partial")["tasks"]["vbench"]
    quality = (6 * 0.5 + 0.5 * 0.9) / 6.5
    figures = {name: score["value"] for name, score in entry["metrics"].items()}
    assert figures["quality_partial"] == pytest.approx(quality)
    assert figures["semantic_partial"] == pytest.approx(0.5)
    weights = np.array([4.0, 8 / 9])  # what is left of the semantic score
    assert figures["total_partial"] == pytest.approx(np.dot(weights, [quality, 0.5]) / sum(weights))
    assert figures["dimensions"] == 15
    assert "total" not in figures
    assert entry["failed"] == len(PROMPTS)


def test_files_that_are_no_results_are_told(tmp_path):
    file = tmp_path / "a_eval_results.json"
    for content, says in (
        ('{"scene": [0.5]}', r"scene: expected \[figure"),
        ('{"scene": [0.5, []]}', "no video"),
        ("[]", "expected an object"),
        ("{", "cannot be read as JSON"),
    ):
        file.write_text(content, encoding="utf-8")
        with pytest.raises(UserError, match=says):
            run(**told(tmp_path, file), out=tmp_path / "run")
    with pytest.raises(UserError, match="holds no"):
        run(**told(tmp_path, tmp_path.joinpath("empty")), out=tmp_path / "run") if (
            tmp_path.joinpath("empty").mkdir() is None
        ) else None


def flat(*levels: int) -> list[np.ndarray]:
    return [np.full((4, 4, 3), level, dtype=np.float32) for level in levels]


def test_measures_by_hand():
    flicker, even, amount = TemporalFlickering(), MotionEvenness(), MotionAmount()
    assert flicker.of(flat(0, 51, 0)) == pytest.approx(1 - 51 / 255)
    assert even.of(flat(0, 10, 20, 30)) == 1
    assert even.of(flat(7, 7, 7)) == 1
    assert even.of(flat(0, 20, 20, 40)) == pytest.approx(0)
    assert even.of(flat(0, 10, 40)) == pytest.approx(1 - 20 / 40)
    half = flat(0, 0)
    half[1][:2] = 11
    assert amount.of(half) == 0.5
    assert amount.of(flat(0, 10)) == 0
    same = np.array([[1.0, 0], [1, 0], [0, 1]])
    # second frame: 1 and 1; third: 0 with the one before, 0 with the first
    assert consistency(same) == pytest.approx(0.5)
    assert consistency(np.array([[1.0, 0], [-1, 0], [1, 0]])) == pytest.approx(0.25)


def film(*levels: int) -> Media:
    frames = np.stack([np.full((32, 32, 3), level, dtype=np.uint8) for level in levels])
    return Media.embedded("video", encode_mp4(frames, 8))


def test_measures_of_films_are_judges(tmp_path):
    from test_scorers_clip import save_tiny_clip
    from transformers import CLIPImageProcessor

    steady, restless = film(80, 80, 80, 80), film(20, 200, 20, 200)
    points = [
        PointItem(str(i), "video", "generation", "x", shown)
        for i, shown in enumerate((steady, restless))
    ]
    scores = judges.get("temporal-flickering").create({}).score(points)
    assert scores == pytest.approx([1, 1 - 180 / 255], abs=0.02)
    amounts = judges.get("motion-amount").create({}).score(points)
    assert amounts == pytest.approx([0, 1])
    with pytest.raises(MediaError, match="more than 3 frames"):
        TemporalFlickering(most_frames=3).score(points)
    clip = save_tiny_clip(tmp_path)
    CLIPImageProcessor(size={"shortest_edge": 28}, crop_size=28).save_pretrained(tmp_path)
    judge = BackgroundConsistency(path=str(clip), batch_size=3)
    same, changing = judge.score(points)
    assert same == pytest.approx(1, abs=1e-3)
    assert changing < same
    assert judge.identity()["fingerprint"]


def test_a_linear_head_on_clip_scores_pictures_and_films(tmp_path):
    import torch
    from safetensors.torch import save_file
    from test_scorers_clip import SHARED, SIZE, media, save_tiny_clip
    from transformers import CLIPModel
    from unieval.harness.media import load_image
    from unieval.judges.scorers.aesthetic import Aesthetic
    from unieval.judges.scorers.transforms import cropped

    clip, head = save_tiny_clip(tmp_path), tmp_path / "head.safetensors"
    weight = torch.arange(SHARED, dtype=torch.float32)[None]
    save_file({"weight": weight, "bias": torch.tensor([5.0])}, head)
    shown = media(40, 30, 1)
    judge = Aesthetic(head=head, path=str(clip))
    still, score = judge.score(
        [
            PointItem("v", "video", "generation", "x", film(90, 90, 90)),
            PointItem("i", "image", "generation", "x", shown),
        ]
    )
    pixels = cropped(load_image(shown), SIZE)[None]
    with torch.inference_mode():
        seen = CLIPModel.from_pretrained(clip).get_image_features(pixels).pooler_output[0]
    assert score == pytest.approx(float((seen / seen.norm()) @ weight[0] + 5) / 10, rel=1e-5)
    assert np.isfinite(still)
    save_file({"weight": weight[:, 1:].contiguous(), "bias": torch.tensor([5.0])}, head)
    with pytest.raises(UserError, match=f"features are {SHARED} numbers"):
        Aesthetic(head=head, path=str(clip)).score([])
