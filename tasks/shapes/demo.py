"""The shapes world written down as benchmarks publish their data.

Each function writes one demo set. The table of a set appears last and when it is complete, so its
existence means that nothing is missing. ``seed`` names the set: another seed is another set.
``progress`` is called with (items done, items in all) after each item.
"""

from __future__ import annotations

from pathlib import Path

from ...harness.items import Verdict
from ...harness.truth import with_truth
from .answers import AnswerPair, turned
from .asked import any_source, picture_answers
from .caption import caption
from .counting import Progress, counted
from .dice import Dice
from .draw import draw, encode
from .edited import Edited, edited_pairs
from .films import Film, FilmPair, film_pairs, unlike_film_pairs
from .motion import FPS, FRAMES
from .mp4 import encode_film
from .pairs import Pair
from .pictures import Picture, picture_pairs
from .tables import Kind, Row, write_csv, write_parquet

WORLD_VERSION = 2
"""Changes whenever a seed would give other pictures, prompts or labels; part of the cache key."""


_VOTES = {
    Verdict.FIRST: "leftvote",
    Verdict.SECOND: "rightvote",
    Verdict.BOTH_GOOD: "tievote",
    Verdict.BOTH_BAD: "bothbad_vote",
}
_WORDS = {Verdict.FIRST: "A", Verdict.SECOND: "B", Verdict.TIE: "same"}
_VOTE: dict[str, Kind] = dict.fromkeys(("left_model", "right_model", "vote_type"), "string")
_VIDEOGEN = (
    *("path_A", "path_B", "A_model", "B_model", "prompt"),
    *("fps_A", "num_frames_A", "fps_B", "num_frames_B", "VQ", "MQ", "TA", "Overall"),
)


def write_genai_bench_image(
    folder: Path, *, items: int = 400, seed: int = 0, progress: Progress | None = None
) -> None:
    """Write GenAI-Bench's image generation: ``image_generation/test_v1-*.parquet``.

    Raises:
        OSError: the folder cannot be written.
    """
    rows: list[Row] = [
        {
            "prompt": pair.prompt,
            **_images(("left_image", "right_image"), index, pair.candidates),
            **_vote(pair),
        }
        for index, pair in counted(picture_pairs(items, seed=seed), items, progress)
    ]
    columns: dict[str, Kind] = {"prompt": "string", "left_image": "image", "right_image": "image"}
    write_parquet(_table(folder, "image_generation"), columns | _VOTE, rows)


def write_genai_bench_edit(
    folder: Path, *, items: int = 300, seed: int = 0, progress: Progress | None = None
) -> None:
    """Write GenAI-Bench's image editing: ``image_edition/test_v1-*.parquet``.

    Raises:
        OSError: the folder cannot be written.
    """
    sides = ("left_output_image", "right_output_image")
    rows: list[Row] = []
    for index, pair in counted(edited_pairs(items, seed=seed), items, progress):
        edit = pair.candidates[0].edit
        source = {"bytes": encode(draw(edit.source)), "path": f"{index:05d}-source.png"}
        rows.append(
            {
                "source_prompt": caption(edit.source).text,
                "target_prompt": caption(edit.carried_out(Dice("target", pair.prompt))).text,
                "instruct_prompt": pair.prompt,
                "source_image": source,
                **_images(sides, index, pair.candidates),
                **_vote(pair),
            }
        )
    prompts: dict[str, Kind] = dict.fromkeys(
        ("source_prompt", "target_prompt", "instruct_prompt"), "string"
    )
    images: dict[str, Kind] = dict.fromkeys(("source_image", *sides), "image")
    write_parquet(_table(folder, "image_edition"), prompts | images | _VOTE, rows)


def write_genai_bench_video(
    folder: Path, *, items: int = 200, seed: int = 0, progress: Progress | None = None
) -> None:
    """Write GenAI-Bench's video generation: ``video_generation/test_v1-*.parquet``, ``videos/``.

    Raises:
        OSError: the folder cannot be written.
    """
    sides = ("left_video", "right_video")
    rows: list[Row] = [
        {
            "prompt": pair.prompt,
            **_videos(folder, sides, (f"{index:05d}-left", f"{index:05d}-right"), pair, False),
            **_vote(pair),
        }
        for index, pair in counted(film_pairs(items, seed=seed), items, progress)
    ]
    columns: dict[str, Kind] = dict.fromkeys(("prompt", *sides), "string")
    write_parquet(_table(folder, "video_generation"), columns | _VOTE, rows)


def write_videogen_rewardbench(
    folder: Path, *, items: int = 200, seed: int = 0, progress: Progress | None = None
) -> None:
    """Write VideoGen-RewardBench: ``videogen-rewardbench.csv`` and ``videos/``.

    Raises:
        OSError: the folder cannot be written.
    """
    rows: list[Row] = [
        {
            **_videos(folder, ("path_A", "path_B"), (f"{index}_A", f"{index}_B"), pair, True),
            "A_model": pair.models[0],
            "B_model": pair.models[1],
            "prompt": pair.prompt,
            **dict.fromkeys(("fps_A", "fps_B"), float(FPS)),
            **dict.fromkeys(("num_frames_A", "num_frames_B"), float(FRAMES)),
            **{name: _WORDS[label] for name, label in pair.dimensions.items()},
        }
        for index, pair in counted(unlike_film_pairs(items, seed=seed), items, progress)
    ]
    write_csv(folder / "videogen-rewardbench.csv", _VIDEOGEN, rows)


def write_vl_rewardbench(
    folder: Path, *, items: int = 300, seed: int = 0, progress: Progress | None = None
) -> None:
    """Write VL-RewardBench: ``data/test-*.parquet``.

    Unlike in the real one, the better answer is the first in half of the items.

    Raises:
        OSError: the folder cannot be written.
    """
    half = [Verdict.FIRST] * (items // 2) + [Verdict.SECOND] * (items - items // 2)
    places = Dice("shapes", "answer places", seed).shuffled(half)
    rows: list[Row] = []
    for index, place in counted(places, items, progress):
        dice = Dice("shapes", "answers", seed, index)
        source = any_source(dice)
        pair = picture_answers(source, dice)
        rows.append(_answers(source, index, pair if pair.label == place else turned(pair)))
    texts = ("id", "query", "judge", "rationale", "query_source", "ground_truth")
    lists: dict[str, Kind] = {
        "response": "strings",
        "image": "image",
        "human_ranking": "numbers",
        "models": "strings",
    }
    columns: dict[str, Kind] = dict.fromkeys(texts, "string")
    write_parquet(folder / "data" / "test-00000-of-00001.parquet", columns | lists, rows)


def _table(folder: Path, config: str) -> Path:
    return folder / config / "test_v1-00000-of-00001.parquet"


def _images(
    sides: tuple[str, str], index: int, candidates: tuple[Picture | Edited, Picture | Edited]
) -> Row:
    row: Row = {}
    for side, candidate in zip(sides, candidates, strict=True):
        png = with_truth(encode(candidate.pixels()), candidate.truth())
        row[side] = {"bytes": png, "path": f"{index:05d}-{side.partition('_')[0]}.png"}
    return row


def _videos(
    folder: Path,
    sides: tuple[str, str],
    names: tuple[str, str],
    pair: FilmPair,
    dimensions: bool,
) -> Row:
    """Write a pair's files, and say where they are."""
    row: Row = {}
    (folder / "videos").mkdir(parents=True, exist_ok=True)
    for side, name, film in zip(sides, names, pair.candidates, strict=True):
        row[side] = f"videos/{name}.mp4"
        content = encode_film(film.pixels(), FPS, film.truth(dimensions=dimensions))
        (folder / "videos" / f"{name}.mp4").write_bytes(content)
    return row


def _vote(pair: Pair[Picture] | Pair[Edited] | Pair[Film]) -> Row:
    left, right = pair.models
    return {"left_model": left, "right_model": right, "vote_type": _VOTES[pair.label]}


def _answers(source: str, index: int, pair: AnswerPair[Picture]) -> Row:
    separator = "-" if source.endswith(("pair", "V", "battle")) else "_"
    png = with_truth(encode(pair.subject.pixels()), pair.known())
    return {
        "id": f"{source}{separator}{index}",
        "query": pair.question,
        "response": [answer.text for answer in pair.answers],
        "image": {"bytes": png, "path": f"{index:05d}.png"},
        "human_ranking": [0, 1] if pair.label is Verdict.FIRST else [1, 0],
        "models": list(pair.models),
        "judge": "human",
        "rationale": _rationale(pair),
        "query_source": "shapes",
        "ground_truth": pair.truth,
    }


def _rationale(pair: AnswerPair[Picture]) -> str:
    """What is wrong with each answer."""
    return " ".join(
        f"Answer {number}: {answer.fault or 'right'}."
        for number, answer in enumerate(pair.answers, 1)
    )
