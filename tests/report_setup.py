"""Runs with everything that a report must show or survive; shared by the tests of reports."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image
from unieval import Output, Request, Supports, judge, run
from unieval.harness.items import PairItem, Verdict

HOSTILE = (
    "</script><script>window.hacked = 1</script><img src=x onerror='window.hacked = 2'>"
    " \"quoted\" 'single' `tick` \\ back\u2028line\u2029end\u202ereversed\x07bell &lt;b&gt;"
)
VOTES = ("leftvote", "rightvote", "tievote", "bothbad_vote")
LABELS = ("first", "second", "both_good", "both_bad")
N = 12
UNPARSED, FAILED, FLIPPED, LOST_MEDIA = 0, 3, 5, 7
"""Items on which the talkative judge does so; LOST_MEDIA has a picture that is not there."""


def right_word(request: Request) -> str:
    """The human label as the judge would have to say it in the order shown."""
    item = request.item
    assert isinstance(item, PairItem)
    assert isinstance(item.label, Verdict)
    return (item.label if request.order == "ab" else item.label.swapped).value


@judge("report-talkative")
class Talkative:
    """Right, but for one hostile answer, one failure and one verdict that flips."""

    supports = Supports(needs_media=False)
    grammar = "plain"

    def judge(self, batch: Sequence[Request]) -> list[Output]:
        return [self._answer(request) for request in batch]

    def _answer(self, request: Request) -> Output:
        number = int(request.item.id)
        if number == UNPARSED:
            return Output(text=HOSTILE)
        if number == FAILED:
            raise RuntimeError(f"no answer: {HOSTILE}")
        if number == FLIPPED:
            return Output(text="first", tokens_in=10, tokens_out=2)
        return Output(text=right_word(request), tokens_in=10, tokens_out=2)


@judge("report-sure")
class Sure:
    """Always says that the first is better, with a probability of 0.8."""

    supports = Supports(needs_media=False)
    grammar = "plain"

    def judge(self, batch: Sequence[Request]) -> list[Output]:
        likely = {"first": math.log(0.8), "second": math.log(0.2)}
        return [Output(text="first", logprobs=likely) for _ in batch]


@judge("report-scores")
class Scores:
    """The first candidate is a little better where people saw a tie, much better elsewhere."""

    supports = Supports(needs_media=False)

    def score(self, batch: Sequence[Any]) -> list[float]:
        return [
            1.0 if "left" in point.candidate.name else 0.95 if int(point.id) % 4 > 1 else 0.25
            for point in batch
        ]


def write_picture(path: Path, colour: tuple[int, int, int]) -> None:
    """A small picture of one colour."""
    Image.new("RGB", (48, 32), colour).save(path)


def write_film(path: Path) -> None:
    """Eight frames of H.264, as browsers play it."""
    import av

    with av.open(str(path), "w") as file:
        stream = file.add_stream("libx264", rate=Fraction(8))
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        for number in range(8):
            picture = np.full((48, 64, 3), 30 * number, dtype=np.uint8)
            for packet in stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")):
                file.mux(packet)
        for packet in stream.encode():
            file.mux(packet)


def write_images(folder: Path) -> Path:
    """Items of genai-bench-image; the first prompt is hostile, one picture is missing."""
    folder.mkdir(parents=True)
    rows = []
    for i in range(N):
        if i != LOST_MEDIA:
            write_picture(folder / f"{i}-left.png", (20 * i, 80, 120))
        write_picture(folder / f"{i}-right.png", (20 * i, 200, 40))
        prompt = HOSTILE if i == 0 else f"a picture number {i} of {'cats' if i % 2 else 'dogs'}"
        sides = {"left_image": f"{i}-left.png", "right_image": f"{i}-right.png"}
        rows.append({"idx": i, "prompt": prompt, **sides, "vote_type": VOTES[i % 4]})
    path = folder / "items.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return folder


def write_films(folder: Path) -> Path:
    """Two items of genai-bench-video."""
    folder.mkdir(parents=True)
    write_film(folder / "left.mp4")
    write_film(folder / "right.mp4")
    rows = [
        {
            "idx": 100 + i,
            "prompt": f"a film {i}",
            "left_video": "left.mp4",
            "right_video": "right.mp4",
            "vote_type": VOTES[i],
        }
        for i in range(2)
    ]
    path = folder / "items.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return folder


def make_runs(folder: Path) -> tuple[Path, dict[str, Path]]:
    """Three judges on pictures, one on films too; returns the runs' folder and the data by task."""
    images, films = write_images(folder / "images"), write_films(folder / "films")
    for name in ("report-talkative", "report-sure", "report-scores"):
        task = "genai-bench-image"
        run(judge=name, task=task, data=str(images), out=folder / "runs" / name)
    run(
        judge="report-sure",
        task="genai-bench-video",
        data=str(films),
        out=folder / "runs" / "report-sure-films",
    )
    return folder / "runs", {"genai-bench-image": images, "genai-bench-video": films}


def read_script(path: Path) -> Any:
    """The value in a data file, read as the page would."""
    text = path.read_text("utf-8").strip()
    quoted = text[text.index("JSON.parse(") + len("JSON.parse(") : -len("));")]
    return json.loads(json.loads(quoted))
