"""GenEval's rules by hand, its prompts, its own program's results, and detectors in its place."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from conftest import write_jsonl
from unieval.harness.encoding import encode_png
from unieval.harness.errors import UserError
from unieval.harness.items import GradeItem, Media, Request
from unieval.harness.registry import tasks
from unieval.harness.run import run
from unieval.harness.task import Data
from unieval.judges.object_detector import ObjectDetector, overlap
from unieval.tasks.geneval_rules import Detected, is_correct, relations
from unieval.tasks.shapes.draw import draw
from unieval.tasks.shapes.scene import Scene, Thing

FAR = [[x, 10.0, x + 10, 20.0, 0.9] for x in (0.0, 50.0, 100.0, 150.0)]


def value(entry: dict[str, Any], name: str) -> float:
    return entry["metrics"][name]["value"]


@pytest.mark.parametrize(
    ("one", "expected"),
    [
        ((0, 100, 20, 120), {"left of"}),
        ((200, 100, 220, 120), {"right of"}),
        ((100, 0, 120, 20), {"above"}),
        ((100, 200, 120, 220), {"below"}),
        ((0, 0, 20, 20), {"left of", "above"}),
        ((103, 100, 123, 120), set()),  # nearer than a tenth of both widths
        ((100, 100, 120, 120), set()),
        ((110, 100, 130, 120), {"right of"}),  # 10 - 0.1 * 40 = 6 of a distance of 10
        ((108, 100, 128, 120), set()),  # 8 - 4 = 4 of 8 is not more than half
    ],
)
def test_directions(one, expected):
    assert relations(one, (100, 100, 120, 120)) == expected


def test_rules_by_hand():
    def right(question: dict[str, Any], colours: dict[str, list[str]] | None = None, **boxes: Any):
        return is_correct(question, Detected(boxes, colours or {}))

    two = {"include": [{"class": "cat", "count": 2}], "exclude": [{"class": "cat", "count": 3}]}
    assert [right(two, cat=FAR[:n]) for n in range(4)] == [False, False, True, False]
    assert not right(two)
    red = {"include": [{"class": "cat", "count": 1, "color": "red"}]}
    # only the most confident is looked at
    assert right(red, {"cat": ["red", "blue"]}, cat=FAR[:2])
    assert not right(red, {"cat": ["blue", "red"]}, cat=FAR[:2])
    assert not right(red, {}, cat=FAR[:1])
    where = {
        "include": [
            {"class": "dog", "count": 1},
            {"class": "cat", "count": 1, "position": ["right of", 0]},
        ]
    }
    assert right(where, dog=FAR[:1], cat=FAR[1:2])
    assert not right(where, dog=FAR[1:2], cat=FAR[:1])
    assert not right(where, cat=FAR[1:2])  # no target


def test_the_published_prompts_are_right_by_what_they_ask_for_and_wrong_by_less(shared):
    file = shared / "geneval" / "evaluation_metadata.jsonl"
    items = list(tasks.get("geneval").create({}).items(Data(file, file.name)))
    groups = [item.group for item in items]
    sizes = {group: groups.count(group) for group in set(groups)}
    assert sizes == {
        "single_object": 80,
        "two_object": 99,
        "counting": 80,
        "colors": 94,
        "position": 100,
        "color_attr": 100,
    }
    steps = {"left of": (-1, 0), "right of": (1, 0), "above": (0, -1), "below": (0, 1)}
    for item in items:
        question = json.loads(item.known["question"])
        boxes: dict[str, list[list[float]]] = {}
        colours: dict[str, list[str]] = {}
        for clause in question["include"]:
            right, down = steps[clause["position"][0]] if "position" in clause else (0, 0)
            for n in range(clause["count"]):
                x, y = 100 * right + 20 * n, 100 * down
                boxes.setdefault(clause["class"], []).append([x, y, x + 9, y + 9, 1])
                colours.setdefault(clause["class"], []).append(clause.get("color", "red"))
        assert is_correct(question, Detected(boxes, colours)), item.prompt
        lost = question["include"][-1]["class"]
        fewer = {name: found[:-1] if name == lost else found for name, found in boxes.items()}
        assert not is_correct(question, Detected(fewer, colours)), item.prompt


def metadata() -> list[dict[str, Any]]:
    asked = {"include": [{"class": "circle", "count": 1}]}
    red = {"include": [{"class": "circle", "count": 1, "color": "red"}]}
    two = {
        "include": [{"class": "star", "count": 2}],
        "exclude": [{"class": "star", "count": 3}],
    }
    where = {
        "include": [
            {"class": "circle", "count": 1},
            {"class": "star", "count": 1, "position": ["left of", 0]},
        ]
    }
    rows = [("single_object", asked), ("colors", red), ("counting", two), ("position", where)]
    return [{"tag": tag, **clauses, "prompt": f"a photo {tag}"} for tag, clauses in rows]


def results(row: dict[str, Any], number: int, sample: int, correct: bool, **found: Any):
    return {
        "filename": f"images/{number:05d}/samples/{sample:04d}.png",
        "tag": row["tag"],
        "prompt": row["prompt"],
        "correct": correct,
        "reason": "",
        "metadata": json.dumps(row),
        "details": json.dumps(found),
    }


def test_the_official_programs_results_are_read(tmp_path):
    rows = metadata()
    data = write_jsonl(tmp_path / "evaluation_metadata.jsonl", rows)
    said = [
        results(rows[0], 0, 0, True, circle=FAR[:1]),
        results(rows[0], 0, 1, False),
        results(rows[1], 1, 0, True, circle=FAR[:1]),
        results(rows[1], 1, 1, True, circle=FAR[:2]),
        results(rows[2], 2, 0, False, star=FAR[:3]),
        results(rows[2], 2, 1, True, star=FAR[:3]),  # its own boxes say otherwise
        results(rows[3], 3, 0, True, circle=FAR[1:2], star=FAR[:1]),  # and one is missing
    ]
    file = write_jsonl(tmp_path / "results.jsonl", said)
    told = {"task": "geneval", "data": str(data), "judge": "as-recorded", "votes": 2}
    told |= {"model": "geneval-results", "model_arguments": {"path": str(file)}}
    entry = run(out=tmp_path / "run", **told)["tasks"]["geneval"]
    groups = {name: value(part, "images") for name, part in entry["groups"].items()}
    assert groups == {"single_object": 0.5, "colors": 1, "counting": 0, "position": 0.5}
    assert value(entry, "overall") == pytest.approx((0.5 + 1 + 0 + 0.5) / 4)
    assert value(entry, "images") == pytest.approx(4 / 7)
    assert value(entry, "images_upper") == pytest.approx(5 / 8)
    assert value(entry, "prompts_any") == pytest.approx(3 / 4)
    assert entry["grades"] == {"ambiguous": 1, "ok": 6}
    assert entry["answers"]["request_failed"] == 1


def test_shapes_are_found_in_pictures(tmp_path):
    ground = 30
    left, right = Thing("star", "blue", "large", 200, 500), Thing("star", "red", "large", 800, 500)
    circle = Thing("circle", "green", "large", 500, 500)
    drawn = {
        "00000": (circle,),
        "00001": (circle,),  # asked for red
        "00002": (left, right),
        "00003": (left, circle),
    }
    folder = tmp_path / "made"
    for name, things in drawn.items():
        (folder / name / "samples").mkdir(parents=True)  # as the authors' folders are
        picture = encode_png(draw(Scene(things, ground), 64))
        (folder / name / "samples" / "0000.png").write_bytes(picture)
    data = write_jsonl(tmp_path / "evaluation_metadata.jsonl", metadata())
    told = {"model": "folder", "model_arguments": {"path": str(folder)}}
    told |= {"task": "geneval", "data": str(data), "judge": "shapes-detector"}
    entry = run(out=tmp_path / "run", **told)["tasks"]["geneval"]
    groups = {name: value(part, "images") for name, part in entry["groups"].items()}
    assert groups == {"single_object": 1, "colors": 0, "counting": 1, "position": 1}
    assert value(entry, "overall") == 0.75


def test_clauses_that_are_none_are_told(tmp_path):
    rows = [{"tag": "colors", "include": [{"class": "cat"}], "prompt": "a cat"}]
    data = write_jsonl(tmp_path / "rows.jsonl", rows)
    with pytest.raises(UserError, match=r"row 0: include and exclude are no clauses.*'count'"):
        list(tasks.get("geneval").create({}).items(Data(data, data.name)))


def save_tiny_owl(folder: Path) -> Path:
    """A random OWLv2 checkpoint with its tokenizer."""
    from test_scorers_clip import save_clip_tokenizer
    from tiny_checkpoints import save_model
    from transformers import Owlv2Config, Owlv2ForObjectDetection, Owlv2ImageProcessorPil

    tokenizer = save_clip_tokenizer(folder)
    tokenizer.model_max_length = 16
    tokenizer.save_pretrained(folder)
    shared = {"intermediate_size": 32, "num_hidden_layers": 1, "num_attention_heads": 2}
    config = Owlv2Config(
        text_config={**shared, "hidden_size": 16, "vocab_size": len(tokenizer)},
        vision_config={**shared, "hidden_size": 16, "image_size": 32, "patch_size": 8},
        projection_dim=16,
    )
    save_model(folder, Owlv2ForObjectDetection, config, 0)
    images = Owlv2ImageProcessorPil(size={"height": 32, "width": 32})
    images.save_pretrained(folder)
    file = folder / "preprocessor_config.json"
    named = {**json.loads(file.read_text()), "processor_class": "Owlv2Processor"}
    file.write_text(json.dumps(named))
    return folder


def asked(question: dict[str, Any], media: Media) -> Request:
    item = GradeItem("x", "image", (json.dumps(question),), "", ((0, 1),), context=(media,))
    return Request("geneval", item, "ab", 0, 0, ())


def test_a_detector_of_transformers_says_what_it_finds(tmp_path, one_thread):
    from test_scorers_clip import media, save_tiny_clip

    (tmp_path / "owl").mkdir()
    (tmp_path / "clip").mkdir()
    owl, clip = save_tiny_owl(tmp_path / "owl"), save_tiny_clip(tmp_path / "clip")
    detector = ObjectDetector(path=str(owl), colours=str(clip), threshold=0.0, batch_size=2)
    coloured = metadata()[1]
    broken = Media("image", str(tmp_path / "none.png"))
    first, bad, second = detector.judge(
        [
            asked(coloured, media(40, 30, 1)),
            asked(coloured, broken),
            asked(metadata()[3], media(30, 40, 2)),
        ]
    )
    assert bad.failure is not None
    assert "none.png" in bad.failure[1]
    said = json.loads(first.text)
    boxes = said["found"]["circle"]
    assert boxes
    assert [box[4] for box in boxes] == sorted((box[4] for box in boxes), reverse=True)
    assert len(said["colours"]["circle"]) == len(boxes)
    assert all(overlap(a, b) <= 0.5 for i, a in enumerate(boxes) for b in boxes[:i])
    assert set(json.loads(second.text)["found"]) == {"circle", "star"}
    assert json.loads(second.text)["colours"] == {}
    alone = detector.judge([asked(coloured, media(40, 30, 1))])[0]
    assert json.loads(alone.text)["colours"] == said["colours"]
    assert detector.identity()["fingerprint"]
    with pytest.raises(UserError, match="'clip', no open-vocabulary detector"):
        ObjectDetector(path=str(clip)).checkpoint  # noqa: B018
