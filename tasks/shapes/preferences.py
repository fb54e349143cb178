"""The shapes world written down as preferences: pairs with verdicts, or candidates with scores.

Each function writes ``preferences.jsonl``, in the schema of ``docs/preference-data.md``, and the
media beside it: pictures and films that were made for a caption, and such that are asked about. The
table appears last and when it is complete. ``seed`` names the set: another seed is another set, and
none is met in training. ``progress`` is called with (rows done, rows in all) after each row.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import chain
from pathlib import Path

from ...harness.items import Modality, Objective
from ...harness.scores import SCORE_RANGES
from ...harness.truth import Truth, with_truth
from .answers import AnswerPair
from .asked import any_picture_answers, film_answers
from .counting import Progress
from .dice import Dice
from .draw import encode
from .films import Film, film_pair
from .labels import answer_score, human_score
from .motion import FPS, cast
from .mp4 import encode_film
from .pairs import Pair, grouped
from .pictures import Picture, picture_pair
from .scene import generate
from .tables import Row, write_json_lines

_MODALITIES: tuple[Modality, ...] = ("image", "video")


def write_preference_pairs(
    folder: Path, *, items: int = 200, seed: int = 0, progress: Progress | None = None
) -> None:
    """Write ``items`` pairs of each kind: pictures, films, and answers about each.

    Raises:
        OSError: the folder cannot be written.
    """
    _write(folder, (_candidate_pairs, _answer_pairs), items, seed, progress)


def write_preference_points(
    folder: Path, *, items: int = 200, seed: int = 0, progress: Progress | None = None
) -> None:
    """Write ``items`` scored pictures, films, and answers about each.

    Raises:
        OSError: the folder cannot be written.
    """
    _write(folder, (_candidate_points, _answer_points), items, seed, progress)


Write = Callable[[Path, Modality, int, int], Iterator[Row]]


def _write(
    folder: Path, kinds: tuple[Write, Write], items: int, seed: int, progress: Progress | None
) -> None:
    (folder / "media").mkdir(parents=True, exist_ok=True)
    made = [write(folder, modality, items, seed) for modality in _MODALITIES for write in kinds]
    rows: list[Row] = []
    for row in chain.from_iterable(zip(*made, strict=True)):  # so that any part has all kinds
        rows.append({"id": str(len(rows)), **row})
        if progress:
            progress(len(rows), items * len(made))
    write_json_lines(folder / "preferences.jsonl", rows)


def _candidate_pairs(folder: Path, modality: Modality, items: int, seed: int) -> Iterator[Row]:
    for number, pair in enumerate(_made(modality, "pairs", items, seed)):
        candidates: Sequence[Picture | Film] = pair.candidates
        files = [
            _saved(folder, f"{modality}-{number}{side}", candidate, _truth(candidate))
            for side, candidate in zip("ab", candidates, strict=True)
        ]
        row = _row(modality, "generation", pair.prompt, files)
        yield row | {"verdict": pair.label.value}


def _answer_pairs(folder: Path, modality: Modality, items: int, seed: int) -> Iterator[Row]:
    for number, pair in enumerate(_asked(modality, "pairs", items, seed)):
        file = _saved(folder, f"{modality}-{number}-asked", pair.subject, pair.known())
        row = _row(modality, "understanding", pair.question, [a.text for a in pair.answers])
        yield row | {"context": [file], "cluster": file, "verdict": pair.label.value}


def _candidate_points(folder: Path, modality: Modality, items: int, seed: int) -> Iterator[Row]:
    for number, pair in enumerate(_made(modality, "points", items, seed)):
        candidate = pair.candidates[0]
        file = _saved(folder, f"{modality}-{number}", candidate, _truth(candidate))
        seen = human_score(candidate.score, Dice("shapes", "score", modality, seed, number))
        row = _row(modality, "generation", pair.prompt, [file])
        yield row | _score(modality, "generation", seen)


def _answer_points(folder: Path, modality: Modality, items: int, seed: int) -> Iterator[Row]:
    """Both answers of a pair, each on its own."""
    for number, pair in enumerate(_asked(modality, "points", (items + 1) // 2, seed)):
        file = _saved(folder, f"{modality}-{number}-asked", pair.subject, pair.known())
        voter = Dice("shapes", "answer score", modality, seed, number)
        for answer in pair.answers[: items - 2 * number]:
            row = _row(modality, "understanding", pair.question, [answer.text])
            score = _score(modality, "understanding", answer_score(answer.score, voter))
            yield row | {"context": [file], "cluster": file} | score


def _made(
    modality: Modality, kind: str, items: int, seed: int
) -> Iterator[Pair[Picture] | Pair[Film]]:
    """Pairs that were made for captions; some in a row share one."""
    name = f"preference {modality} {kind}"
    if modality == "image":
        return grouped(name, seed, items, generate, picture_pair)
    return grouped(name, seed, items, cast, film_pair)


def _asked(
    modality: Modality, kind: str, items: int, seed: int
) -> Iterator[AnswerPair[Picture] | AnswerPair[Film]]:
    """Questions about pictures or films, with two answers."""
    ask = any_picture_answers if modality == "image" else film_answers
    for number in range(items):
        yield ask(Dice("shapes", f"preference {modality} answer {kind}", seed, number))


def _truth(candidate: Picture | Film) -> Truth:
    return candidate.truth(dimensions=False) if isinstance(candidate, Film) else candidate.truth()


def _saved(folder: Path, name: str, shown: Picture | Film, truth: Truth) -> str:
    """Write what is shown to a file, and say where it is."""
    if isinstance(shown, Film):
        path, content = f"media/{name}.mp4", encode_film(shown.pixels(), FPS, truth)
    else:
        path, content = f"media/{name}.png", with_truth(encode(shown.pixels()), truth)
    (folder / path).write_bytes(content)
    return path


def _row(modality: Modality, objective: Objective, prompt: str, candidates: list[str]) -> Row:
    return {
        "source": "shapes",
        "modality": modality,
        "objective": objective,
        "prompt": prompt,
        "candidates": candidates,
    }


def _score(modality: Modality, objective: Objective, seen: float) -> Row:
    low, high = SCORE_RANGES[modality, objective]
    return {"score": round(low + seen * (high - low), 1), "score_range": [low, high]}
