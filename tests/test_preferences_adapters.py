"""Every adapter against small files in the layout in which its data set is published."""

from __future__ import annotations

import random
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from test_preferences_data import hub_image, one, png, refused, turns, write_json, write_parquet
from unieval.harness.errors import UserError
from unieval.harness.items import Media, Verdict
from unieval.reward_training.adapters import ADAPTERS, get_adapter, read

EVALMUSE = {
    "prompt_id": "7",
    "prompt": "a puffin on a rock",
    "type": "real",
    "img_path": "SDXL/12.png",
    "total_score": [4, 5, 4],
    "element_score": {"puffin (animal)": [1, 1, 1], "rock (object)": [1, 0, 0]},
    "promt_meaningless": [0, 0, 0],
}
FEEDBACK = {
    "id": "p000304",
    "images": ["p000304_00.jpg"],
    "text prompt": "a bee on a flower",
    "video link": "https://huggingface.co/datasets/x/y/resolve/main/p/p000304.mp4",
    "visual quality": 3,
    "temporal consistency": 3,
    "dynamic degree": 3,
    "text-to-video alignment": 4,
    "factual consistency": 2,
    "conversations": turns("q", "a"),
}
LIFT_QUESTION = (
    "<video>\n A farmer rides.  Please identify the {} issues in this video, focusing on"
)
# --- image generation -----------------------------------------------------------------------------


@pytest.mark.parametrize("elements", [EVALMUSE["element_score"], str(EVALMUSE["element_score"])])
def test_evalmuse_scores(tmp_path: Path, elements: object) -> None:
    write_json(tmp_path / "train_list.json", [EVALMUSE | {"element_score": elements}])
    write_json(tmp_path / "test.json", [])
    found = one("evalmuse", tmp_path, media=tmp_path / "images")
    assert found.score == pytest.approx(13 / 3)
    assert found.score_range == (1, 5)
    assert found.rationale == "puffin (animal): 1\nrock (object): 0"
    assert found.media[0].uri == str(tmp_path / "images" / "SDXL" / "12.png")


def test_evalmuse_pairs_are_the_best_and_the_worst(tmp_path: Path) -> None:
    scores = {"a": [3, 3, 3], "b": [5, 4, 5], "c": [1, 2, 1]}
    rows = [EVALMUSE | {"img_path": name, "total_score": s} for name, s in scores.items()]
    rows += [EVALMUSE | {"prompt": "alone"}, EVALMUSE | {"prompt": "even"}]
    rows += [EVALMUSE | {"prompt": "even", "img_path": "z"}]
    found = one("evalmuse-pair", write_json(tmp_path / "rows.json", rows))
    assert [media.name for media in found.media] == ["b", "c"]
    assert found.verdict is Verdict.FIRST
    random.Random(0).shuffle(rows)
    assert one("evalmuse-pair", write_json(tmp_path / "rows.json", rows)) == found


def test_evalmuse_rows_of_parquet_have_all_elements(tmp_path: Path) -> None:
    other = EVALMUSE | {"img_path": "1.png", "element_score": {"cat (animal)": [0, 0, 1]}}
    found = list(read("evalmuse", write_parquet(tmp_path / "t.parquet", [EVALMUSE, other])))
    assert found[1].rationale == "cat (animal): 0"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"total_score": [4, 6]}, "column 'total_score': must hold scores from 1 to 5"),
        ({"total_score": []}, "column 'total_score': must be a list with something in it"),
        ({"total_score": ["x"]}, "column 'total_score': must be a number (found 'x')"),
        ({"element_score": "{"}, "column 'element_score': must be an object or its Python literal"),
        ({"element_score": {"a": [2]}}, "column 'element_score': must hold lists of 0 and 1"),
        ({"img_path": ""}, "column 'img_path': must hold or name an image (it is empty)"),
    ],
)
def test_evalmuse_bad_rows(tmp_path: Path, change: dict[str, Any], message: str) -> None:
    path = write_json(tmp_path / "t.json", [EVALMUSE, EVALMUSE | change])
    assert refused("evalmuse", path).startswith(f"{path}, row 1, {message}")


def test_hpd_votes_and_ranks(tmp_path: Path) -> None:
    train = [
        {"prompt": "p", "file_path": ["0.jpg", "1.jpg"], "human_preference": [0, 1]},
        {"prompt": "q", "file_path": ["2.jpg", "3.jpg"], "human_preference": [1, 1]},
    ]
    found = list(read("hpd", write_json(tmp_path / "train.json", train), media=tmp_path / "train"))
    assert [p.verdict for p in found] == [Verdict.SECOND, Verdict.TIE]
    assert found[0].media[1].uri == str(tmp_path / "train" / "1.jpg")
    test = [
        {"prompt": "p", "image_path": ["a", "b", "c"], "rank": [2, 1, 2], "raw_annotations": []}
    ]
    found = list(read("hpd", write_json(tmp_path / "test.json", test)))
    assert [p.verdict for p in found] == [Verdict.SECOND, Verdict.TIE, Verdict.FIRST]
    assert len({p.id for p in found}) == 3


def test_hpd_bad_rows(tmp_path: Path) -> None:
    rows = [
        {"prompt": "p", "file_path": ["0.jpg", "1.jpg"], "human_preference": [1]},
        {"prompt": "p", "file_path": ["0.jpg"], "human_preference": [1]},
        {"prompt": "p", "file_path": ["0.jpg", "1.jpg"]},
    ]
    path = write_json(tmp_path / "train.json", rows)
    message = refused("hpd", path)
    assert "row 0, column 'human_preference': must have one number an image" in message
    skipped: Counter[str] = Counter()
    assert list(read("hpd", path, skip_bad=True, skipped=skipped)) == []
    assert skipped == {
        "human_preference: must have one number an image, and two images or more": 2,
        "human_preference: is missing": 1,
    }


def test_oip_and_media_saved_while_reading(tmp_path: Path) -> None:
    row = {"prompt": " a blue knight ", "chosen": hub_image(1), "rejected": hub_image(2)}
    write_parquet(tmp_path / "data" / "train-00000-of-00001.parquet", [row])
    found = one("oip", tmp_path)
    assert (found.prompt, found.verdict) == ("a blue knight", Verdict.FIRST)
    assert [media.data for media in found.media] == [png(1), png(2)]
    saved = one("oip", tmp_path, save_media=tmp_path / "media")
    assert [Path(media.uri).read_bytes() for media in saved.media] == [png(1), png(2)]
    assert all(media.data is None for media in saved.media)
    assert saved.id == found.id


# --- video generation -----------------------------------------------------------------------------


def test_videofeedback(tmp_path: Path) -> None:
    for config, name in (("annotated", "videofeedback"), ("real", "videofeedback-real")):
        write_parquet(tmp_path / config / "train-00000.parquet", [FEEDBACK | {"id": config}])
        found = one(name, tmp_path)
        assert (found.id, found.score, found.score_range) == (config, pytest.approx(7), (1, 10))
        assert found.rationale is not None
        assert found.rationale.startswith("visual quality: 3\ntemporal consistency: 3\n")
        assert found.media == (Media("video", str(FEEDBACK["video link"])),)
    path = write_json(tmp_path / "t.json", [FEEDBACK | {"dynamic degree": 0}])
    assert "column 'dynamic degree': must be a score from 1 to 4 (found 0)" in refused(
        "videofeedback", path
    )


def clips(*paths: str) -> list[dict[str, Any]]:
    return [{"basic": {"clip_path": path}, "misc": {"frame_caption": ["c"]}} for path in paths]


def test_videodpo_joins_its_two_tables(tmp_path: Path) -> None:
    home = "/home/someone/vidpro10k-vc2-dataset"
    write_json(
        tmp_path / "metadata.json",
        clips(f"{home}/winvideos/000000.mp4", f"{home}/losevideos/000000.mp4", "own/1.mp4"),
    )
    pairs = [
        {"video1": 0, "video2": 1, "label": 1, "frame_caption": "a boat"},
        {"video1": 2, "video2": 1, "label": 0, "frame_caption": ["a train"], "score": 0.7},
    ]
    write_json(tmp_path / "pair.json", pairs)
    first, second = read("videodpo", tmp_path)
    assert [m.name for m in first.media] == ["winvideos/000000.mp4", "losevideos/000000.mp4"]
    assert first.verdict is second.verdict is Verdict.FIRST
    assert (second.prompt, second.media[0].uri) == ("a train", str(tmp_path / "own" / "1.mp4"))


def test_videodpo_bad_data(tmp_path: Path) -> None:
    row = {"video1": 0, "video2": 2, "frame_caption": "a boat"}
    write_json(tmp_path / "pair.json", [row])
    assert "metadata.json does not exist; pair.json names videos" in refused("videodpo", tmp_path)
    write_json(tmp_path / "metadata.json", clips("a.mp4", "b.mp4"))
    message = refused("videodpo", tmp_path)
    assert (
        "row 0, column 'video2': must be the number of a row of metadata.json (found 2" in message
    )
    write_json(tmp_path / "pair.json", [row | {"video2": 0.5}])
    assert "must be the number of a row" in refused("videodpo", tmp_path)
    write_json(tmp_path / "pair.json", [row | {"frame_caption": []}])
    assert "column 'frame_caption': must be text" in refused("videodpo", tmp_path)
    write_json(tmp_path / "metadata.json", [{"basic": {}}])
    assert "column 'basic': must be an object with a clip_path" in refused(
        "videodpo", write_json(tmp_path / "pair.json", [row])
    )
    assert "give the folder as data" in refused_from_hub("videodpo")


def refused_from_hub(name: str) -> str:
    with pytest.raises(UserError) as caught:
        list(read(name, None))
    return str(caught.value)


def lift(respect: str, rated: str, video: str = "videos/1.mp4") -> dict[str, Any]:
    return {"video": video, "conversations": turns(LIFT_QUESTION.format(respect), rated)}


def test_lift_ratings_of_a_video_become_one_score(tmp_path: Path) -> None:
    rows = [
        lift("semantic consistency", "Good. Basically correct."),
        lift("fidelity", "Bad. The horse is missing a leg."),
        lift("motion", "Bad"),
        lift("motion", "normal, slight jitter.", "videos/2.mp4"),
    ]
    write_json(tmp_path / "LiFT-HRA-data.json", rows)
    first, second = read("lift-hra", tmp_path)
    assert first.prompt == "A farmer rides."
    assert first.score == pytest.approx(1 + 9 * (5 / 3 - 1) / 2)
    assert first.rationale == (
        "fidelity: Bad. The horse is missing a leg.\nmotion: Bad.\n"
        "semantic consistency: Good. Basically correct."
    )
    assert (second.score, second.rationale) == (5.5, "motion: Normal. slight jitter.")


def test_lift_layout_is_not_guessed_at(tmp_path: Path) -> None:
    message = refused("lift-hra", write_json(tmp_path / "t.json", [{"clip": "a", "text": "b"}]))
    assert "column 'conversations': is missing; the columns are: clip, text. The layout" in message
    assert "could not be checked against its files: say with `columns`" in message
    rows = [lift("sound", "Good."), lift("motion", "Great."), lift("motion", "Good.")]
    rows[2]["conversations"] = rows[2]["conversations"][:1]
    skipped: Counter[str] = Counter()
    path = write_json(tmp_path / "t.json", rows)
    assert list(read("lift-hra", path, skip_bad=True, skipped=skipped)) == []
    assert sorted(skipped) == [
        "conversations: must ask for semantic consistency, fidelity or motion issues",
        "conversations: must be answered Good, Normal or Bad",
        "conversations: must be one turn of human and one of gpt",
    ]


# --- all ------------------------------------------------------------------------------------------


def test_every_layout_says_where_it_was_seen() -> None:
    assert len(ADAPTERS) == 14
    for name, adapter in ADAPTERS.items():
        assert adapter.layout.seen, name
        assert adapter.layout.columns, name
    unverified = {name for name, adapter in ADAPTERS.items() if not adapter.layout.verified}
    assert unverified == {"lift-hra", "sharegptvideo"}


def test_unknown_adapters_and_places(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="did you mean 'videodpo'"):
        get_adapter("videodpoo")
    assert "none.json does not exist (adapter hpd)" in refused("hpd", tmp_path / "none.json")
    for name in ("hpd", "lift-hra", "sharegptvideo"):
        assert "cannot be read from the hub as they are" in refused_from_hub(name)


def test_hub_rows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []

    def rows(source: Any, **_: Any) -> list[dict[str, Any]]:
        asked.append((source.dataset, source.config, source.split))
        return [FEEDBACK]

    monkeypatch.setattr("unieval.harness.hub.rows", rows)
    assert len(list(read("videofeedback", None))) == 1
    assert asked == [("TIGER-Lab/VideoFeedback", "annotated", "train")]
    monkeypatch.setattr("unieval.harness.hub.rows", lambda source, **_: [EVALMUSE])
    with pytest.raises(UserError, match="there is no folder for it"):
        list(read("evalmuse", None))
    (found,) = read("evalmuse", None, media=tmp_path)
    assert found.media[0].uri == str(tmp_path / "SDXL" / "12.png")
