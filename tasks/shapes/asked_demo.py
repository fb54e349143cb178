"""What models are asked about the shapes world, written down as benchmarks publish their data.

As in ``demo``, each function writes one demo set, its table last, and ``seed`` names the set.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

from .asked import film_of, picture_of
from .caption import caption
from .cast_questions import CastQuestionKind, cast_question
from .counting import Progress, dice_of
from .dice import Dice
from .draw import encode
from .films import Film
from .motion import FPS, cast
from .mp4 import encode_film
from .pictures import Picture
from .questions import CARDINALS, Question
from .scene import COLOURS, generate
from .scene_questions import SceneQuestionKind, scene_question
from .tables import Kind, Row, write_json_lines, write_parquet

_OF_PICTURES: tuple[SceneQuestionKind, ...] = (
    *("colour", "shape", "size", "exists", "count", "more", "same", "where", "furthest"),
)
_OF_FILMS: tuple[CastQuestionKind, ...] = (
    *("does", "whether", "who", "colour", "count", "moving", "exists"),
)
_OPTIONS = 4
_LETTERS = "ABCDE"
_CHOSEN: tuple[CastQuestionKind, ...] = ("colour", "count", "does")
"""Of these there are always enough wrong answers for four options."""


def write_video_mme(
    folder: Path, *, items: int = 120, seed: int = 0, progress: Progress | None = None
) -> None:
    """Write Video-MME: ``data/test-*.parquet``, ``data/*.mp4``; durations are only names here.

    Raises:
        OSError: the folder cannot be written.
    """
    durations, domains = ("short", "medium", "long"), {"colour": "Looks", "count": "Numbers"}
    rows: list[Row] = []
    for index, dice in dice_of("video-mme", seed, items, progress):
        film, asked = _film(_CHOSEN, dice)
        options, right = _options(asked, dice)
        name = _store(folder / "data", f"film{index:04d}", film)
        rows.append(
            {
                "question_id": f"{index:04d}-1",
                "videoID": name,
                "duration": durations[index % 3],
                "domain": domains.get(asked.kind, "Motion"),
                "sub_category": "Shapes",
                "task_type": asked.kind,
                "question": asked.text,
                "options": [f"{_LETTERS[i]}. {option}" for i, option in enumerate(options)],
                "answer": _LETTERS[right],
            }
        )
    texts = [name for name in rows[0] if name != "options"]
    _parquet(folder / "data" / "test-00000-of-00001.parquet", texts, {"options": "strings"}, rows)


def write_longvideobench(
    folder: Path, *, items: int = 120, seed: int = 0, progress: Progress | None = None
) -> None:
    """Write LongVideoBench: ``validation.jsonl``, ``videos/``; durations are only names here.

    Raises:
        OSError: the folder cannot be written.
    """
    rows: list[Row] = []
    for index, dice in dice_of("longvideobench", seed, items, progress):
        film, asked = _film(_CHOSEN, dice)
        options, right = _options(asked, dice)
        if index % 4 == 0:  # some have fewer options
            wrong = next(i for i in range(len(options)) if i != right)
            right -= wrong < right
            options = [option for i, option in enumerate(options) if i != wrong]
        name = _store(folder / "videos", f"film{index:04d}", film)
        rows.append(
            {
                "id": f"film{index:04d}_0",
                "question": asked.text,
                **{f"option{i}": options[i] if i < len(options) else "N/A" for i in range(5)},
                "correct_choice": right,
                "video_path": f"{name}.mp4",
                "duration_group": (15, 60, 600, 3600)[index % 4],
                "question_category": asked.kind,
            }
        )
    write_json_lines(folder / "validation.jsonl", rows)


def write_mlvu(
    folder: Path, *, items: int = 140, seed: int = 0, progress: Progress | None = None
) -> None:
    """Write MLVU: ``test.jsonl`` and ``videos/``.

    Raises:
        OSError: the folder cannot be written.
    """
    kinds = {"colour": "plotQA", "count": "count", "does": "ego"}
    rows: list[Row] = []
    for index, dice in dice_of("mlvu", seed, items, progress):
        film, asked = _film(_CHOSEN, dice)
        options, right = _options(asked, dice)
        name = _store(folder / "videos", f"film{index:04d}", film)
        rows.append(
            {
                "video_name": f"{name}.mp4",
                "question": asked.text,
                "candidates": options,
                "answer": options[right],
                "task_type": kinds[asked.kind],
            }
        )
    write_json_lines(folder / "test.jsonl", rows)


def write_video_qa(
    folder: Path, task: str, *, items: int = 120, seed: int = 0, progress: Progress | None = None
) -> None:
    """Write MSRVTT-QA, MSVD-QA or TGIF-QA: ``test.jsonl`` and ``videos/``.

    Raises:
        OSError: the folder cannot be written.
    """
    rows: list[Row] = []
    for index, dice in dice_of(task, seed, items, progress):
        film, asked = _film(_OF_FILMS, dice)
        name = _store(folder / "videos", f"film{index:04d}", film)
        row: Row = {"id": index, "video_id": name, "question": asked.text, "answer": asked.truth}
        rows.append(row | {"video": f"videos/{name}.mp4"})
    write_json_lines(folder / "test.jsonl", rows)


def write_mmhal_bench(
    folder: Path, *, items: int = 96, seed: int = 0, progress: Progress | None = None
) -> None:
    """Write MMHal-Bench: ``data/test-*.parquet``.

    Raises:
        OSError: the folder cannot be written.
    """
    types = {"colour": "attribute", "shape": "attribute", "size": "attribute", "count": "counting"}
    types |= {"more": "comparison", "same": "comparison", "exists": "adversarial"}
    rows: list[Row] = []
    for index, dice in dice_of("mmhal-bench", seed, items, progress):
        picture, asked = _picture(_OF_PICTURES, dice)
        rows.append(
            {
                "question_type": types.get(asked.kind, "relation"),
                "question_topic": "shapes",
                "image_id": f"{index:04d}",
                "image_content": [f"{t.size} {t.colour} {t.shape}" for t in picture.scene.things],
                "question": asked.text,
                "gt_answer": asked.right[0],
                "image": _image(picture, index),
            }
        )
    own: dict[str, Kind] = {"image_content": "strings", "image": "image"}
    texts = [name for name in rows[0] if name not in own]
    _parquet(folder / "data" / "test-00000-of-00001.parquet", texts, own, rows)


def write_llava_bench(
    folder: Path, *, items: int = 60, seed: int = 0, progress: Progress | None = None
) -> None:
    """Write LLaVA-Bench (in the wild): ``data/train-*.parquet``.

    Raises:
        OSError: the folder cannot be written.
    """
    rows: list[Row] = []
    for index, dice in dice_of("llava-bench", seed, items, progress):
        category: Literal["conv", "detail", "complex"] = ("conv", "detail", "complex")[index % 3]
        kinds = ("more", "same", "furthest", "where") if category == "complex" else _OF_PICTURES
        picture, asked = _picture(kinds, dice)
        detail = category == "detail"
        rows.append(
            {
                "question_id": str(index),
                "question": "Describe the picture." if detail else asked.text,
                "image": _image(picture, index),
                "caption": caption(picture.scene).text,
                "gpt_answer": caption(picture.scene).text if detail else asked.right[0],
                "category": category,
            }
        )
    texts = [name for name in rows[0] if name != "image"]
    _parquet(folder / "data" / "train-00000-of-00001.parquet", texts, {"image": "image"}, rows)


def write_llava_bench_wilder(
    folder: Path, *, items: int = 60, seed: int = 0, progress: Progress | None = None
) -> None:
    """Write LLaVA-Bench-Wilder: ``data/test-*.parquet``.

    Raises:
        OSError: the folder cannot be written.
    """
    rows: list[Row] = []
    for index, dice in dice_of("llava-bench-wilder", seed, items, progress):
        picture, asked = _picture(_OF_PICTURES, dice)
        answer = {"Question": asked.text, "Answer": asked.right[0], "Category": asked.kind}
        rows.append({"Image": _image(picture, index), **answer})
    texts = ["Question", "Answer", "Category"]
    _parquet(folder / "data" / "test-00000-of-00001.parquet", texts, {"Image": "image"}, rows)


def write_wildvision_bench(
    folder: Path, *, items: int = 100, seed: int = 0, progress: Progress | None = None
) -> None:
    """Write WildVision-Bench; its baseline is right three times in four.

    Raises:
        OSError: the folder cannot be written.
    """
    baseline = "claude-3-sonnet-20240229"
    rows: list[Row] = []
    for index, dice in dice_of("wildvision-bench", seed, items, progress):
        picture, asked = _picture(_OF_PICTURES, dice)
        answer = asked.right[0] if dice.chance(0.75) else dice.choice(asked.wrong)[0]
        row: Row = {"question_id": str(index), "instruction": asked.text, baseline: answer}
        rows.append(row | {"image": _image(picture, index)})
    place = folder / "release_bench_0617_with_modelresponse" / "test500-00000-of-00001.parquet"
    _parquet(place, ["question_id", "instruction", baseline], {"image": "image"}, rows)


def write_livebench(
    folder: Path, *, items: int = 80, seed: int = 0, progress: Progress | None = None
) -> None:
    """Write LiveBench: ``2024-09/test-*.parquet``; some items have two pictures.

    Raises:
        OSError: the folder cannot be written.
    """
    subtasks = {"count": "Analytical Questions", "more": "Analytical Questions"}
    subtasks |= {"where": "Real-world Assistance", "same": "Divergent Thinking"}
    rows: list[Row] = []
    for index, dice in dice_of("livebench", seed, items, progress):
        picture, asked = _picture(_OF_PICTURES, dice)
        images, question = [_image(picture, index)], asked.text
        if index % 4 == 0:
            images.append(_image(picture_of(generate(dice), dice), index + items))
            question = f"About the first picture: {question}"
        rows.append(
            {
                "id": str(index),
                "images": images,
                "question": question,
                "answer": asked.right[0],
                "criteria": "10 points for the right answer, none for another.",
                "subtask": subtasks.get(asked.kind, "Concrete Recognition"),
            }
        )
    texts = [name for name in rows[0] if name != "images"]
    place = folder / "2024-09" / "test-00000-of-00001.parquet"
    _parquet(place, texts, {"images": "images"}, rows)


def _picture(kinds: Sequence[Any], dice: Dice) -> tuple[Picture, Question]:
    """A picture, and a question of one of the kinds about it."""
    while True:
        scene = generate(dice)
        if asked := scene_question(dice.choice(kinds), scene, dice):
            return picture_of(scene, dice), asked


def _film(kinds: Sequence[CastQuestionKind], dice: Dice) -> tuple[Film, Question]:
    """A film, and a question of one of the kinds about it."""
    while True:
        who = cast(dice)
        if asked := cast_question(dice.choice(kinds), who, dice):
            return film_of(who, dice), asked


def _options(asked: Question, dice: Dice) -> tuple[list[str], int]:
    """Four short answers, and the place of the right one."""
    right = asked.right[-1]
    wrong = list(dict.fromkeys(dice.shuffled([each[-1] for each in asked.wrong])))
    more = {
        "count": [f"{word.capitalize()}." for word in CARDINALS[1:]],
        "colour": [f"{colour.capitalize()}." for colour in COLOURS],
    }
    wrong += [other for other in more.get(asked.kind, ()) if other not in wrong]
    wrong = [other for other in wrong if other != right][: _OPTIONS - 1]
    options = dice.shuffled([right, *wrong])
    return options, options.index(right)


def _store(folder: Path, name: str, film: Film) -> str:
    """Write a film's file; returns its name."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{name}.mp4").write_bytes(encode_film(film.pixels(), FPS))
    return name


def _image(picture: Picture, index: int) -> dict[str, object]:
    return {"bytes": encode(picture.pixels()), "path": f"{index:05d}.png"}


def _parquet(
    path: Path, texts: Sequence[str], own: Mapping[str, Kind], rows: Sequence[Row]
) -> None:
    columns: dict[str, Kind] = dict.fromkeys(texts, "string")
    write_parquet(path, columns | dict(own), rows)
