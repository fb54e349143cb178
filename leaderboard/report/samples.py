"""Every sample as data of the page: columns that filters read, and details loaded when opened.

``data/index-K.js`` hold columns of some thousands of samples each, ``data/detail-K.js`` the
outputs, candidates and media of some hundred. A verdict is one letter of :data:`LETTERS`.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from math import exp, isfinite
from pathlib import Path
from typing import Any, Generic, TypeVar

import numpy as np

from ...harness.errors import UserError
from ...harness.grading import grades_name
from ...harness.items import LETTERS as NAMES
from ...harness.items import Candidate, Item, Media, Mixed
from ...harness.judgements import Codes
from ...harness.progress import Progress
from ...harness.seeds import seed_for
from ...harness.statistics import Floats, Ints
from .itemsets import Dimension, ItemSet, JudgedRun, each_item
from .media import MediaFolder, Shown, missing
from .scripts import write_data
from .sources import items_again
from .stored import Given

LETTERS = " -xu12tgb"
"""No such rotation, not asked, failed, unread: the codes from -4; then first, second, tie, both
good, both bad."""
OPTIONS = f"{LETTERS[:4]}{NAMES}"
"""The same for questions: then their options."""

_INDEXED = 5_000
_DETAILED = 200
_DETAIL_SIZE = 200_000
_LIKELIEST = 6
"""Of the answers that a judge weighed so many are shown."""

T = TypeVar("T")


class Samples:
    """Writes the samples of one set after another; ``details`` and ``indexes`` count files.

    Args:
        folder: the ``data`` folder, which exists.
        runs: the runs of the report.
        media: where media go.
        given: data folders, see :func:`.sources.items_again`.
        say: told what could not be had.
    """

    def __init__(
        self,
        folder: Path,
        runs: Sequence[JudgedRun],
        media: MediaFolder,
        given: Mapping[str, Path],
        say: Callable[[str], None],
    ) -> None:
        self._folder, self._runs, self._media = folder, runs, media
        self._given, self._say = given, say
        self.indexes = 0
        self.starts: list[int] = []
        self._waiting: list[dict[str, Any]] = []
        self._size = self._written = 0

    @property
    def total(self) -> int:
        """Samples so far."""
        return self._written + len(self._waiting)

    def add(self, number: int, items: ItemSet, limit: int | None, shown: Progress) -> None:
        """Write the samples of the set with this number, or ``limit`` of them drawn at random."""
        rows = chosen(items, limit)
        wanted = items.positions[rows]
        again = Seek(self._again(items))
        said = {index: self._said(index, items.task) for index in items.entries}
        texts: list[tuple[str, str]] = []
        keep = set(wanted.tolist())
        strangers = 0
        for position, name, label, content in each_item(self._runs, items):
            if position not in keep:
                continue
            about = json.loads(content)
            texts.append((name, about["prompt"]))
            item = again.at(position)
            if item is not None and item.content != content:
                strangers, item = strangers + 1, None
            answers = {
                index: [seek.at(position) or [] for seek in both] for index, both in said.items()
            }
            self._detail(self._described(about, label, item, answers))
            shown.advance(1, 0)
            if len(texts) == _INDEXED:
                self._index(number, items, rows, texts)
                rows, texts = rows[len(texts) :], []
        if texts:
            self._index(number, items, rows, texts)
        if strangers:
            self._say(
                f"{items.title}: {strangers:,} items differ from those that were judged, so their"
                " media are not shown; give --data with the data of the run"
            )

    def finish(self) -> None:
        """Write what is waiting."""
        if self._waiting:
            write_data(self._folder, f"detail-{len(self.starts)}", self._waiting)
            self.starts.append(self._written)
            self._written += len(self._waiting)
            self._waiting, self._size = [], 0

    def _said(self, index: int, task: str) -> list[Seek[list[Given]]]:
        """A run's answers, and their grades where there are such."""
        judged = self._runs[index]
        store, votes = judged.store, judged.run.votes
        return [Seek(store.by_item(task)), Seek(store.by_item(grades_name(task), votes))]

    def _again(self, items: ItemSet) -> Iterator[tuple[int, Item]]:
        if self._media.none:
            return
        first = self._runs[next(iter(items.entries))]
        try:
            yield from items_again(first, items, self._given)
        except UserError as error:
            self._say(f"{items.title}: media are not shown: {error}")

    def _index(
        self, number: int, items: ItemSet, rows: Ints, texts: Sequence[tuple[str, str]]
    ) -> None:
        rows = rows[: len(texts)]
        columns = {
            "set": number,
            "ids": [name for name, _ in texts],
            "prompts": [prompt for _, prompt in texts],
            "groups": items.group[rows].tolist(),
            "dimensions": [_columns(each, rows, items.kind) for each in items.dimensions],
        }
        write_data(self._folder, f"index-{self.indexes}", columns)
        self.indexes += 1

    def _detail(self, described: dict[str, Any]) -> None:
        self._waiting.append(described)
        self._size += sum(
            len(answer["raw"] or "") for run in described["runs"] for answer in run["answers"]
        )
        self._size += sum(len(text) for c in described["candidates"] for text in _texts(c))
        if len(self._waiting) >= _DETAILED or self._size >= _DETAIL_SIZE:
            self.finish()

    def _described(
        self,
        about: Mapping[str, Any],
        label: str,
        item: Item | None,
        answers: Mapping[int, Sequence[Sequence[Given]]],
    ) -> dict[str, Any]:
        if item is not None:
            context = [self._media.place(media) for media in item.context]
            candidates = [self._placed(c) for c in item.candidates]
        else:
            context = [_unknown(key) for key in about["context"]]
            generated = about["objective"] == "generation"
            named = about.get("candidates", ())
            candidates = [_unknown(c) if generated else _unplaced(c) for c in named]
        return {
            "context": context,
            "candidates": candidates,
            "options": about.get("options", []),
            "label": label,
            "runs": [
                {
                    "run": index,
                    "answers": [_answer(each, self._made(index, about, each)) for each in own],
                    "grades": [_answer(each, None) for each in grades],
                }
                for index, (own, grades) in answers.items()
                if own
            ],
        }

    def _placed(self, candidate: Candidate) -> str | Shown:
        if isinstance(candidate, Mixed):
            return {"kind": "mixed", "parts": [self._placed(part) for part in candidate.parts]}
        return candidate if isinstance(candidate, str) else self._media.place(candidate)

    def _made(self, run: int, about: Mapping[str, Any], answer: Given) -> Shown | None:
        """What a model made, where its answer is a file of the run folder."""
        if about["objective"] != "generation" or "candidates" in about or not answer.raw:
            return None
        folder = self._runs[run].run.path.resolve()
        file = (folder / answer.raw).resolve()
        if not file.is_relative_to(folder):
            return missing(f"{answer.raw} is outside the run's folder")
        return self._media.place(Media(about["modality"], str(file)))


class Seek(Generic[T]):
    """Looks up ascending positions in a stream of ascending (position, value)."""

    def __init__(self, stream: Iterable[tuple[int, T]]) -> None:
        self._stream = iter(stream)
        self._next: tuple[int, T] | None = next(self._stream, None)

    def at(self, position: int) -> T | None:
        """The value at a position, which is none before the last one asked for."""
        while self._next is not None and self._next[0] < position:
            self._next = next(self._stream, None)
        if self._next is None or self._next[0] != position:
            return None
        return self._next[1]


def chosen(items: ItemSet, limit: int | None) -> Ints:
    """Rows of the set that are shown: all, or so many drawn at random, in order."""
    rows = np.arange(len(items), dtype=np.int64)
    if limit is None or limit >= len(items):
        return rows
    draw = np.random.default_rng(seed_for("report", items.title)).permutation(rows)[:limit]
    return np.sort(draw)


def _columns(dimension: Dimension, rows: Ints, kind: str) -> dict[str, Any]:
    label = dimension.label[rows]
    alphabet = OPTIONS if kind == "choice" else LETTERS
    return {
        "label": letters(label, alphabet) if kind in ("pair", "choice") else _numbers(label),
        "said": {
            str(said.run): {
                "verdicts": [letters(one, alphabet) for one in said.verdict[rows].T],
                **({} if said.score is None else {"scores": _numbers(said.score[rows])}),
            }
            for said in dimension.said
        },
    }


def letters(codes: Codes, alphabet: str = LETTERS) -> str:
    """Codes from -4 as a string of letters."""
    table = np.frombuffer(alphabet.encode(), dtype=np.uint8)
    return table[codes.astype(np.int64) + 4].tobytes().decode()


def _numbers(values: Floats) -> list[float | None]:
    return [round(v, 4) if np.isfinite(v) else None for v in values.tolist()]


def _texts(described: str | Shown) -> list[str]:
    """The texts of a candidate as the page has it."""
    parts = [described] if isinstance(described, str) else described.get("parts", [])
    return [part for part in parts if isinstance(part, str)]


def _unplaced(stored: str | list[Any]) -> str | Shown:
    """An answer as the store has it; its media, if it mixes texts and media, are not at hand."""
    if isinstance(stored, str):
        return stored
    parts = [part if isinstance(part, str) else _unknown(part["media"]) for part in stored]
    return {"kind": "mixed", "parts": parts}


def _unknown(key: str) -> Shown:
    return missing(f"{key} is not at hand") if key else missing("the data have no media")


def _written(score: float) -> float | str:
    return score if isfinite(score) else str(score)


def _answer(answer: Given, made: Shown | None) -> dict[str, Any]:
    likely = json.loads(answer.logprobs) if answer.logprobs else {}
    shares = sorted(((name, round(exp(p), 4)) for name, p in likely.items()), key=lambda e: -e[1])
    return {
        "order": answer.order,
        "vote": answer.vote,
        "status": answer.status,
        "verdict": answer.verdict,
        "scores": [_written(s) for s in (answer.score_a, answer.score_b) if s is not None],
        "raw": None if made else answer.raw,
        "made": made,
        "error": answer.error,
        "shares": shares[:_LIKELIEST],
        "tokens": [answer.tokens_in, answer.tokens_out],
        "seconds": answer.seconds,
    }
