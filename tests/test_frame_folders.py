"""Videos that are folders of frames: opened as other videos are, down to a row of training."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
from conftest import write_jsonl
from PIL import Image
from test_preferences_answers import SHAREGPT
from unieval.harness.errors import MediaError
from unieval.harness.items import Media
from unieval.harness.media import MediaLimits, load_image
from unieval.harness.video import sample_clip, sample_frames, spread
from unieval.judges.pictures import Video
from unieval.reward_training.adapters import read
from unieval.reward_training.conversations import Conversations

SIZE = (32, 24)


def write_frames(folder: Path, names: list[str]) -> Media:
    """Frames in the order of their names; each is of a grey that tells its number."""
    folder.mkdir(parents=True, exist_ok=True)
    for number, name in enumerate(names):
        Image.new("RGB", SIZE, (number * 5,) * 3).save(folder / name, quality=95)
    return Media("video", str(folder))


def numbers(frames: list[Image.Image]) -> list[int]:
    return [round(float(np.asarray(frame).mean()) / 5) for frame in frames]


def published(count: int) -> list[str]:
    """What ShareGPTVideo calls the frames of a video."""
    return [f"c01_{number:04}.jpeg" for number in range(1, count + 1)]


@pytest.mark.parametrize(
    "names",
    [
        published(23),
        [f"frame_{number}.png" for number in range(1, 24)],
        [f"{number}.jpg" for number in range(9990, 10013)],
        [f"c{scene}_{number}.webp" for scene in (1, 2, 10) for number in range(5, 12)],
        [f"take 2 - {number}.PNG" for number in range(95, 115)],
    ],
)
def test_frames_come_in_the_order_of_their_numbers(tmp_path: Path, names: list[str]) -> None:
    video = write_frames(tmp_path / "v", names)
    assert numbers(sample_frames(video, 1000)) == list(range(len(names)))
    assert numbers(sample_frames(video, 8)) == spread(len(names), 8)
    assert numbers(sample_frames(video, 1)) == [0]


def test_only_images_are_frames(tmp_path: Path) -> None:
    video = write_frames(tmp_path / "v", published(5))
    for name in ("frames.json", "Thumbs.db", "._c01_0001.jpeg", "c01_0002.mp4"):
        (tmp_path / "v" / name).write_bytes(b"no image")
    (tmp_path / "v" / "c01_0003.png").mkdir()
    frames = sample_frames(video, 8)
    assert numbers(frames) == list(range(5))
    assert {(frame.mode, frame.size) for frame in frames} == {("RGB", SIZE)}
    expected = load_image(Media("image", str(tmp_path / "v" / "c01_0005.jpeg")))
    assert frames[4].tobytes() == expected.tobytes()


def test_a_clip_of_a_folder_counts_two_frames_a_second(tmp_path: Path) -> None:
    frames, rate = sample_clip(write_frames(tmp_path / "long", published(20)), 5)  # ten seconds
    assert (numbers(frames), rate) == (spread(20, 5), 0.5)
    frames, rate = sample_clip(write_frames(tmp_path / "short", published(2)), 4)  # one second
    assert (numbers(frames), rate) == ([0, 0, 0, 1], 4.0)


def test_a_folder_without_frames_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "v_x" / "inner").mkdir(parents=True)
    (tmp_path / "v_x" / "notes.txt").touch()
    with pytest.raises(MediaError, match=r"v_x: the folder holds no frames \(.*\.jpeg.*; unpack"):
        sample_frames(Media("video", str(tmp_path / "v_x")), 8)
    with pytest.raises(MediaError, match="no such file"):
        load_image(Media("image", str(tmp_path / "v_x")))
    with pytest.raises(MediaError, match="no video column"):  # and not the working folder
        sample_frames(Media("video", ""), 8)


@pytest.mark.parametrize(
    ("kept", "reason"),
    [(0.5, "no readable image"), (0.0, "the file is empty"), (None, "not an image")],
)
def test_a_damaged_frame_is_an_error(tmp_path: Path, kept: float | None, reason: str) -> None:
    video = write_frames(tmp_path / "v_x", published(9))
    damaged = tmp_path / "v_x" / "c01_0005.jpeg"
    whole = damaged.read_bytes()
    damaged.write_bytes(b"<html>" if kept is None else whole[: int(len(whole) * kept)])
    named = rf"^{re.escape(video.uri)}: c01_0005\.jpeg.*{reason}.*; replace the file or leave"
    with pytest.raises(MediaError, match=named):
        sample_frames(video, 9)
    with pytest.raises(MediaError, match=named):
        sample_clip(video, 3)
    assert numbers(sample_frames(video, 2)) == [0, 8]  # nobody asked for it


@pytest.mark.parametrize(
    ("limits", "reason"),
    [
        (MediaLimits(frames=8), "v_x: 9 frames, over the limit of 8"),
        (MediaLimits(pixels=700), r"v_x: c01_0001\.jpeg: 32 x 24 pixels, over the limit of 700"),
        (MediaLimits(bytes=2000), r"v_x: \d,\d+ bytes of frames, over the limit of 2,000"),
    ],
)
def test_a_folder_over_the_limits(tmp_path: Path, limits: MediaLimits, reason: str) -> None:
    with pytest.raises(MediaError, match=f"{reason}; .*leave the item out"):
        sample_frames(write_frames(tmp_path / "v_x", published(9)), 2, limits)


@pytest.mark.parametrize("adapter", ["sharegptvideo-pair", "sharegptvideo"])
@pytest.mark.parametrize("shown", ["frames", "native"])
def test_sharegptvideo_as_published_becomes_rows_of_training(
    tmp_path: Path, adapter: str, shown: Video
) -> None:
    table = tmp_path / "video_instruction" / "train" / "dpo" / "sft_dpo_17k.jsonl"
    table.parent.mkdir(parents=True)
    write_jsonl(table, [SHAREGPT | {"video": "v_x-Scene-001"}])
    write_frames(tmp_path / "train_300k" / "v_x-Scene-001", published(12))
    found = list(read(adapter, tmp_path, media=tmp_path / "train_300k"))
    rows = [Conversations(frames=4, video=shown, max_pixels=500).row(each) for each in found]
    pair = ["Answer 1 is better"]
    assert [row.answer for row in rows] == (
        pair if adapter.endswith("-pair") else ["Final Score: 5", "Final Score: 2"]
    )
    for row in rows:
        assert "What happens?" in row.chat.text
        frames = row.chat.images if shown == "frames" else row.chat.clips[0].frames
        assert numbers(list(frames)) == spread(12, 4)
        assert all(frame.width * frame.height <= 500 for frame in frames)
        assert [clip.fps for clip in row.chat.clips] == ([] if shown == "frames" else [4 / 6])
