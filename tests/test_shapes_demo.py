"""The demo sets: in the benchmarks' own schemas, read by their own loaders, judged end to end."""

import csv
import json
from collections import Counter
from io import BytesIO
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
from PIL import Image
from unieval.harness.errors import MediaError
from unieval.harness.items import Media, Verdict
from unieval.harness.registry import tasks
from unieval.harness.task import Data
from unieval.harness.truth import Truth, read_truth
from unieval.harness.video import sample_frames
from unieval.tasks.shapes import demo as demo_module
from unieval.tasks.shapes.demo import (
    WORLD_VERSION,
    write_genai_bench_edit,
    write_genai_bench_image,
    write_genai_bench_video,
    write_videogen_rewardbench,
    write_vl_rewardbench,
)
from unieval.tasks.shapes.draw import draw
from unieval.tasks.shapes.edited import edited_pairs
from unieval.tasks.shapes.films import film_pairs, unlike_film_pairs
from unieval.tasks.shapes.mp4 import encode_film
from unieval.tasks.shapes.pictures import picture_pairs

SETS = {
    "genai-bench-image": (write_genai_bench_image, 60, 400),
    "genai-bench-edit": (write_genai_bench_edit, 60, 300),
    "genai-bench-video": (write_genai_bench_video, 20, 200),
    "videogen-rewardbench": (write_videogen_rewardbench, 20, 200),
    "vl-rewardbench": (write_vl_rewardbench, 90, 300),
}
TABLES = {
    "genai-bench-image": "image_generation/test_v1-00000-of-00001.parquet",
    "genai-bench-edit": "image_edition/test_v1-00000-of-00001.parquet",
    "genai-bench-video": "video_generation/test_v1-00000-of-00001.parquet",
    "videogen-rewardbench": "videogen-rewardbench.csv",
    "vl-rewardbench": "data/test-00000-of-00001.parquet",
}
VOTES = {
    "leftvote": Verdict.FIRST,
    "rightvote": Verdict.SECOND,
    "tievote": Verdict.BOTH_GOOD,
    "bothbad_vote": Verdict.BOTH_BAD,
}


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """A small set of each benchmark, seed 2."""
    folders = {}
    for name, (write, items, _) in SETS.items():
        folders[name] = tmp_path_factory.mktemp(name)
        write(folders[name], items=items, seed=2)
    return folders


def items(name: str, folder: Path) -> list:
    return list(tasks.resolve([name])[0].create({}).items(Data(folder, "demo", media=True)))


def rows(name: str, folder: Path) -> list[dict]:
    if TABLES[name].endswith(".csv"):
        with (folder / TABLES[name]).open(newline="") as file:
            return list(csv.DictReader(file))
    return pq.read_table(folder / TABLES[name]).to_pylist()


def pixels(image: dict) -> np.ndarray:
    return np.asarray(Image.open(BytesIO(image["bytes"])))


# What the tables hold


def test_columns_and_features(demo) -> None:
    columns = {
        "genai-bench-image": "prompt left_image right_image left_model right_model vote_type",
        "genai-bench-edit": "source_prompt target_prompt instruct_prompt source_image"
        " left_output_image right_output_image left_model right_model vote_type",
        "genai-bench-video": "prompt left_video right_video left_model right_model vote_type",
        "videogen-rewardbench": "path_A path_B A_model B_model prompt fps_A num_frames_A fps_B"
        " num_frames_B VQ MQ TA Overall",
        "vl-rewardbench": "id query judge rationale query_source ground_truth response image"
        " human_ranking models",
    }
    for name, expected in columns.items():
        assert list(rows(name, demo[name])[0]) == expected.split()
    schema = pq.read_schema(demo["genai-bench-image"] / TABLES["genai-bench-image"])
    assert str(schema.field("left_image").type) == "struct<bytes: binary, path: string>"
    features = json.loads(schema.metadata[b"huggingface"])["info"]["features"]
    assert features["right_image"] == {"_type": "Image"}
    assert features["prompt"] == {"dtype": "string", "_type": "Value"}


@pytest.mark.parametrize("name", ["genai-bench-edit", "vl-rewardbench"])
def test_datasets_reads_the_tables(name: str, demo, tmp_path: Path) -> None:
    datasets = pytest.importorskip("datasets")
    found = datasets.load_dataset(
        str(demo[name]), data_files=TABLES[name], split="train", cache_dir=str(tmp_path)
    )
    assert len(found) == SETS[name][1]
    for column, value in rows(name, demo[name])[0].items():
        read = found[0][column]
        if isinstance(value, dict):
            assert isinstance(found.features[column], datasets.Image)
            assert (np.asarray(read) == pixels(value)).all()
        else:
            assert read == value


def test_pictures_and_votes_are_those_of_the_world(demo) -> None:
    found = rows("genai-bench-image", demo["genai-bench-image"])
    for row, pair in zip(found, picture_pairs(60, seed=2), strict=True):
        assert row["prompt"] == pair.prompt
        assert (row["left_model"], row["right_model"]) == pair.models
        assert VOTES[row["vote_type"]] == pair.label
        for column, picture in zip(("left_image", "right_image"), pair.candidates, strict=True):
            assert (pixels(row[column]) == picture.pixels()).all()
    found = rows("genai-bench-edit", demo["genai-bench-edit"])
    for row, pair in zip(found, edited_pairs(60, seed=2), strict=True):
        assert row["instruct_prompt"] == pair.prompt
        assert VOTES[row["vote_type"]] == pair.label
        assert (pixels(row["source_image"]) == draw(pair.candidates[0].edit.source)).all()
        sides = ("left_output_image", "right_output_image")
        for column, picture in zip(sides, pair.candidates, strict=True):
            assert (pixels(row[column]) == picture.pixels()).all()


@pytest.mark.parametrize(
    ("name", "make", "sides"),
    [
        ("genai-bench-video", film_pairs, ("left_video", "right_video")),
        ("videogen-rewardbench", unlike_film_pairs, ("path_A", "path_B")),
    ],
)
def test_films_come_back_frame_by_frame(name: str, make, sides, demo) -> None:
    for row, pair in zip(rows(name, demo[name]), make(20, seed=2), strict=True):
        assert row["prompt"] == pair.prompt
        for side, film in zip(sides, pair.candidates, strict=True):
            media = Media("video", str(demo[name] / row[side]))
            read = np.stack([np.asarray(frame) for frame in sample_frames(media, 8)])
            error = np.abs(read.astype(int) - film.pixels())
            assert read.shape == (8, 64, 64, 3)
            assert error.mean() < 5
            assert np.percentile(error, 99) < 25
            truth = read_truth(media)
            assert truth is not None
            assert (truth.prompt, truth.score) == (film.caption.text, film.score)
            assert bool(truth.dimensions) == (name == "videogen-rewardbench")
            kinds = [wrong.slip for wrong in film.slips]
            kinds += [film.jerk.kind] if film.jerk else []
            assert [f["kind"] for f in truth.faults] == kinds + ([film.flaw] if film.flaw else [])


def test_videogen_words(demo) -> None:
    words = {"A": Verdict.FIRST, "B": Verdict.SECOND, "same": Verdict.TIE}
    name = "videogen-rewardbench"
    for row, pair in zip(rows(name, demo[name]), unlike_film_pairs(20, seed=2), strict=True):
        assert {d: words[row[d]] for d in ("VQ", "MQ", "TA", "Overall")} == pair.dimensions
        assert (row["A_model"], row["B_model"]) == pair.models
        assert (float(row["fps_A"]), float(row["num_frames_B"])) == (8.0, 8.0)


def test_answers_in_all_groups_and_both_places(demo) -> None:
    name = "vl-rewardbench"
    found = items(name, demo[name])
    groups = Counter(item.group for item in found)
    assert set(groups) == {"general", "hallucination", "reasoning"}
    assert min(groups.values()) >= 15
    assert Counter(item.label for item in found) == {Verdict.FIRST: 45, Verdict.SECOND: 45}
    for row in rows(name, demo[name]):
        assert len(set(row["response"])) == len(set(row["models"])) == 2
        assert row["rationale"].startswith("Answer 1: ")
        assert row["ground_truth"]
        assert pixels(row["image"]).shape == (64, 64, 3)


# What the loaders make of them


@pytest.mark.parametrize("name", SETS)
def test_the_benchmarks_own_loader_reads_it(name: str, demo) -> None:
    found = items(name, demo[name])
    assert len(found) == SETS[name][1]
    assert len({item.id for item in found}) == len(found)
    for item in found:
        assert item.media
        for media in item.media:
            truth = read_truth(media)
            edited = name == "genai-bench-edit" and media is item.context[0]
            assert (truth is None) == edited
            assert edited or truth.prompt == item.prompt


# Writing


@pytest.mark.parametrize("name", SETS)
def test_writing_again_gives_the_same_and_another_seed_another_set(
    name: str, demo, tmp_path: Path
) -> None:
    write, count, _ = SETS[name]
    write(tmp_path / "again", items=count, seed=2)
    assert contents(tmp_path / "again") == contents(demo[name])
    write(tmp_path / "other", items=count, seed=3)
    assert rows(name, tmp_path / "other") != rows(name, demo[name])


def contents(folder: Path) -> dict[str, bytes]:
    return {str(f.relative_to(folder)): f.read_bytes() for f in folder.rglob("*") if f.is_file()}


@pytest.mark.parametrize("name", SETS)
def test_progress_counts_up(name: str, tmp_path: Path) -> None:
    seen: list[tuple[int, int]] = []
    SETS[name][0](tmp_path, items=4, progress=lambda *done: seen.append(done))
    assert seen == [(k, 4) for k in range(1, 5)]


@pytest.mark.parametrize("name", SETS)
def test_a_half_written_table_never_bears_the_name(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(first: object, path: object, *rest: object) -> None:
        place = path if isinstance(path, Path) else Path(first.name)
        place.write_bytes(b"half")
        raise OSError("disk full")

    monkeypatch.setattr(pq, "write_table", fail)
    monkeypatch.setattr(csv, "DictWriter", fail)
    with pytest.raises(OSError, match="disk full"):
        SETS[name][0](tmp_path, items=2)
    tables = [f for f in tmp_path.rglob("*") if f.is_file() and f.suffix != ".mp4"]
    assert tables == []


@pytest.mark.parametrize("name", SETS)
def test_tasks_write_their_demo_set(name: str, tmp_path: Path, monkeypatch) -> None:
    asked = {}
    writer = SETS[name][0].__name__
    monkeypatch.setattr(demo_module, writer, lambda folder, **rest: asked.update(rest))
    task = tasks.resolve([name])[0].create({})
    task.write_demo(tmp_path, 5, None)
    assert task.demo_version == f"v{WORLD_VERSION}"
    assert asked == {"seed": 5, "progress": None}


def test_the_same_frames_give_the_same_file() -> None:
    frames = next(film_pairs(1)).candidates[0].pixels()
    truth = Truth("A red circle.", 0.5)
    assert encode_film(frames, 8, truth) == encode_film(frames, 8, truth)
    assert read_truth(Media.embedded("video", encode_film(frames, 8, truth))) == truth
    assert read_truth(Media.embedded("video", encode_film(frames, 8))) is None
    with pytest.raises(MediaError, match="no readable video"):
        read_truth(Media.embedded("video", b"nothing"))


# End to end


@pytest.mark.slow
def test_the_oracle_judges_every_demo_set(unieval, cache, tmp_path: Path) -> None:
    done = unieval(
        *("run", "--judge", "oracle", "--task", "genai-bench", "--task", "vl-rewardbench"),
        *("--task", "videogen-rewardbench", "--data", "demo", "--out", tmp_path / "run", "--json"),
    )
    assert done.code == 0, done.err
    found = done.json["tasks"]
    for name, (_, _, count) in SETS.items():
        entry = found[name]
        assert (entry["n"], entry["failed"], entry["unparsed"]) == (count, 0, 0)
        figure = "overall" if name == "vl-rewardbench" else "diff"
        assert 0.9 < entry["metrics"][figure]["value"] < 0.99
    assert set(found["vl-rewardbench"]["groups"]) == {"general", "hallucination", "reasoning"}
    dimensions = found["videogen-rewardbench"]["groups"]
    assert list(dimensions) == ["VQ", "MQ", "TA", "Overall"]
    for entry in dimensions.values():
        assert 0.9 < entry["metrics"]["diff"]["value"] < 0.995
        assert 0.2 <= entry["metrics"]["human_tie_rate"]["value"] < 0.36
        assert entry["metrics"]["flip_rate"]["value"] == 0
    rescored = unieval("rescore", tmp_path / "run", "--json").json["tasks"]
    assert rescored == found
