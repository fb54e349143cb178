"""Parts of the report: scripts, elements, statistics of plots, media, and what models are asked."""

from __future__ import annotations

import json
import re
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from markupsafe import Markup
from PIL import Image
from report_setup import HOSTILE, read_script, write_film, write_picture
from unieval.harness.errors import UserError
from unieval.harness.items import Media, QuestionItem, Record, Status
from unieval.harness.store import Store, write_json
from unieval.leaderboard.report import write_report
from unieval.leaderboard.report.media import MediaFolder, form
from unieval.leaderboard.report.plots.agreement import cohen_kappa
from unieval.leaderboard.report.plots.calibration import Reliability
from unieval.leaderboard.report.plots.chart import round_axis
from unieval.leaderboard.report.plots.difficulty import wilson
from unieval.leaderboard.report.plots.panel import cells, element
from unieval.leaderboard.report.samples import Seek, letters
from unieval.leaderboard.report.scripts import data_script
from unieval.leaderboard.report.sources import recorded_path

# A busy machine is no failure.
few = settings(deadline=None, max_examples=50)


@few
@given(st.text() | st.dictionaries(st.text(), st.text()) | st.just(HOSTILE))
def test_data_survive_as_a_script(content):
    script = data_script("x", content)
    script.encode("utf-8")
    assert not re.search("[<\u2028\u2029]", script)
    quoted = script[script.index("JSON.parse(") + len("JSON.parse(") : -len("));\n")]
    assert json.loads(json.loads(quoted)) == content


@few
@given(st.text(), st.text())
def test_elements_escape_what_is_in_them(inner, name):
    made = element("p", inner, title=name)
    assert isinstance(made, Markup)
    assert made.count("<") == 2
    assert Markup("<p>") not in cells("t", ["a"], [["<p>"]])


def test_letters_and_streams():
    assert letters(np.array([-4, -3, -2, -1, 0, 1, 2, 3, 4], dtype=np.int8)) == " -xu12tgb"
    seek = Seek(iter([(1, "a"), (4, "b"), (9, "c")]))
    assert [seek.at(p) for p in (0, 1, 1, 5, 9, 10)] == [None, "a", "a", None, "c", None]


def test_kappa_by_hand():
    # Agree on 3 of 4; chance is 0.5 * 0.75 + 0.5 * 0.25 = 0.5; (0.75 - 0.5) / 0.5 = 0.5.
    one, other = np.array([0, 0, 1, 1], np.int8), np.array([0, 0, 0, 1], np.int8)
    assert cohen_kappa(one, other) == pytest.approx(0.5)
    assert np.isnan(cohen_kappa(np.zeros(3, np.int8), np.zeros(3, np.int8)))


def test_wilson_by_known_values():
    assert wilson(0.3, 10) == pytest.approx((0.1078, 0.6032), abs=1e-4)
    assert wilson(0.0, 10) == pytest.approx((0.0, 0.2775), abs=1e-4)
    assert wilson(1.0, 10) == pytest.approx((0.7225, 1.0), abs=1e-4)


def test_calibration_error_by_hand():
    # Bins: 0.55, 0.55 (half right, gap 0.05) and 0.95 (right, gap 0.05), 1.0 (wrong, in that bin).
    found = Reliability.of(np.array([0.55, 0.55, 0.95, 1.0]), np.array([1.0, 0.0, 1.0, 0.0]))
    assert found.count[[5, 9]].tolist() == [2, 2]
    assert found.error == pytest.approx((2 * 0.05 + 2 * 0.475) / 4)


@few
@given(st.floats(-1e6, 1e6), st.floats(1e-6, 1e6))
def test_axes_are_marked_within_their_range(low, width):
    axis = round_axis("x", low, low + width)
    assert 2 <= len(axis.ticks) <= 6 or low + width == low
    assert all(0 <= axis.share(value) <= 1 for value, _ in axis.ticks)


def test_media_in_each_mode(tmp_path):
    write_picture(tmp_path / "a.png", (1, 2, 3))
    write_film(tmp_path / "b.mp4")
    Image.new("RGB", (9, 9)).save(tmp_path / "c.tiff")
    (tmp_path / "d.png").write_bytes(b"<svg onload=alert(1)>")
    frames = tmp_path / "frames"
    frames.mkdir()
    for i in range(40):
        write_picture(frames / f"{i}.png", (i, 0, 0))
    picture, film, tiff, bad, folder = (
        Media("video" if name in ("b.mp4", "frames") else "image", str(tmp_path / name))
        for name in ("a.png", "b.mp4", "c.tiff", "d.png", "frames")
    )
    copies = MediaFolder(tmp_path / "media", "copy")
    assert copies.place(picture)["kind"] == "image"
    assert copies.place(film)["at"][0].endswith(".mp4")
    assert copies.place(tiff)["at"][0].endswith(".png")
    assert copies.place(bad)["kind"] == "missing"
    assert len(copies.place(folder)["at"]) == 16
    linked = MediaFolder(tmp_path / "links", "link")
    assert linked.place(picture) == {"kind": "image", "at": [(tmp_path / "a.png").as_uri()]}
    embedded = Media.embedded("image", (tmp_path / "a.png").read_bytes())
    assert linked.place(embedded)["at"][0].startswith("links/")
    assert MediaFolder(tmp_path / "no", "none").place(picture)["kind"] == "missing"


def test_forms_by_their_first_bytes():
    assert form(b"RIFF\0\0\0\0WEBPVP8 ") == ("webp", "image")
    assert form(b"RIFF\0\0\0\0AVI LIST") is None
    assert form(b"\0\0\0\x20ftypisom\0\0\0\0") == ("mp4", "video")
    assert form(b"\0\0\0\x20ftypavif\0\0\0\0") == ("avif", "image")
    assert form(b"<svg xmlns=") is None


def test_the_path_in_a_recorded_command(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "data").mkdir()
    assert recorded_path(["unieval", "run", "--data", "data"], "data") == Path("data")
    assert recorded_path(["unieval", "run", "--data=data"], "data") == Path("data")
    for command in ([], ["unieval", "--data"], ["unieval", "--data", "gone/data"]):
        with pytest.raises(UserError, match="give --data"):
            recorded_path(command, "data")


# --- what a model is asked -----------------------------------------------------------------------


def write_model_run(folder: Path, graded: bool) -> Path:
    """A finished run of two questions: with options in all rotations, or graded answers."""
    options = () if graded else ("cat", "dog")
    items = [
        QuestionItem(
            f"q{i}", "image", f"question {i}", options=options, answer=None if graded else i
        )
        for i in range(2)
    ]
    name = "questions"
    with Store(folder) as store:
        said = [("A", "A"), ("A", None)]
        records = [
            (
                i,
                Record(
                    name, f"q{i}", order, 0, "k", _status(letter), letter, raw=f"said {i}{order}"
                ),
            )
            for i, letters_ in enumerate(said)
            for order, letter in zip(("ab", "r1"), letters_, strict=True)
            if not (graded and order == "r1")
        ]
        store.write(name, list(enumerate(items)), records)
        if graded:
            grades = [
                (i, Record(f"{name}:grades", f"q{i}", "ab", 0, "g", Status.OK, None, (score,)))
                for i, score in enumerate((4.0, 2.0))
            ]
            store.write(f"{name}:grades", [], grades)
    passes = 1 if graded else 2
    grading = {"grading": {"order": "given", "passes": 1}} if graded else {}
    data = {"name": "here", "revision": None, "items": 2, "fingerprint": "f" * 32}
    own = {"version": "1", "arguments": {}, "order": "circular", "data": data}
    settings = {name: {**own, "passes": passes, **grading}}
    identity = {
        "judge": {"name": "model", "arguments": {}, "grammar": "plain"},
        "protocol": "robust",
        "votes": 1,
        "seed": 0,
        "tasks": settings,
    }
    write_json(folder / "manifest.json", {"schema": 1, "identity": identity})
    figures = {"accuracy": {"value": 0.5, "ci95": [0.1, 0.9], "n": 2}}
    counts = {"n": 2, "unparsed": 1, "failed": 0, "metrics": figures, "groups": {}}
    task = {**own, **counts, "headline": ["accuracy"], "complete": True}
    judge = {"name": "model", "arguments": {}}
    results = {"schema": 1, "judge": judge, "protocol": "robust", "votes": 1, "tasks": {name: task}}
    write_json(folder / "results.json", results)
    return folder


def _status(letter: str | None) -> Status:
    return Status.OK if letter else Status.UNPARSED


def test_questions_with_options_in_every_rotation(tmp_path):
    write_report([write_model_run(tmp_path / "run", graded=False)], tmp_path / "r", media="none")
    (meta,) = read_script(tmp_path / "r/data/meta.js")["sets"]
    assert meta["kind"] == "choice"
    (columns,) = read_script(tmp_path / "r/data/index-0.js")["dimensions"]
    assert columns["label"] == "AB"
    assert columns["said"]["0"]["verdicts"] == ["AA", "Au"]
    details = read_script(tmp_path / "r/data/detail-0.js")
    assert details[0]["options"] == ["cat", "dog"]
    assert [a["raw"] for a in details[1]["runs"][0]["answers"]] == ["said 1ab", "said 1r1"]


def test_graded_answers(tmp_path):
    write_report([write_model_run(tmp_path / "run", graded=True)], tmp_path / "r", media="none")
    (meta,) = read_script(tmp_path / "r/data/meta.js")["sets"]
    assert meta["kind"] == "grade"
    (columns,) = read_script(tmp_path / "r/data/index-0.js")["dimensions"]
    assert columns["said"]["0"]["scores"] == [4.0, 2.0]
    grades = read_script(tmp_path / "r/data/detail-0.js")[1]["runs"][0]["grades"]
    assert [grade["scores"] for grade in grades] == [[2.0]]
