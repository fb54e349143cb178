"""What is fuzzed: everything that reads what others wrote, from bytes, with what must hold after.

A target takes bytes and returns nothing; it raises where the program misbehaves. The same targets
run on the saved corpus and on made-up input in the tests, and under atheris for hours
(``python tests/fuzz/explore.py TARGET``).
"""

from __future__ import annotations

import json
import math
import tempfile
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

from unieval.harness import manifest
from unieval.harness.errors import MediaError, UserError
from unieval.harness.items import Media, Output, PairItem, Record, Status, Verdict
from unieval.harness.media import MediaLimits, load_image
from unieval.harness.parsing import Asked, Grammar, get_grammar, in_item_frame, parse
from unieval.harness.read_only import RECORDS
from unieval.harness.store import Store
from unieval.harness.tables import read_table
from unieval.harness.task import Data

GRAMMARS = (
    *("genai-bench", "unifiedreward", "unifiedreward-edit", "unifiedreward-think"),
    *("unifiedreward-flex", "unifiedreward-2.0-scores", "unifiedreward-edit-scores"),
    *("oracle", "plain", "scores", "multiple-choice", "open"),
    *("grade-verdict", "grade-rating", "grade-json-rating", "grade-two-scores"),
    "grade-preference",
)
ASKED = tuple(
    Asked(modality, objective, protocol, *more)
    for modality in ("image", "video")
    for objective in ("generation", "understanding")
    for protocol in ("robust", "official")
    for more in (
        (),
        ((1.0, 5.0),),
        ((0.0, 100.0),),
        (None, ("a red circle", "two blue squares", "none of these")),
        (None, (), ((0.0, 1.0), (0.0, 5.0))),
        (None, (), ((1.0, 10.0),)),
    )
)
LIMITS = MediaLimits(bytes=1 << 20, pixels=1 << 16, frames=200)


@cache
def grammar(name: str) -> Grammar:
    from unieval.harness.registry import judges, tasks

    judges.names()  # registers what the judges and the tasks read by
    tasks.names()
    return get_grammar(name)


def answer(data: bytes) -> None:
    """Two bytes choose the grammar and the question, the third whether the answer was cut off."""
    if len(data) < 3:
        return
    name, asked = GRAMMARS[data[0] % len(GRAMMARS)], ASKED[data[1] % len(ASKED)]
    read_answer(name, asked, data[3:].decode("utf-8", "replace"), truncated=data[2] % 2 == 1)


def read_answer(name: str, asked: Asked, text: str, *, truncated: bool) -> None:
    """Reading never raises, and says either what was answered, in full, or why that is unknown."""
    parsed = parse(Output(text, truncated=truncated), grammar(name), asked)
    assert isinstance(parsed.status, Status)
    assert not parsed.status.failed
    if parsed.status is not Status.OK:
        return
    assert parsed.scores is None or all(map(math.isfinite, parsed.scores))
    if asked.options:
        assert parsed.option is not None
        assert 0 <= parsed.option < len(asked.options)
    elif asked.scales:
        assert parsed.scores is not None
        within = zip(parsed.scores, asked.scales, strict=True)
        assert all(low <= score <= high for score, (low, high) in within)
    elif asked.score_range is not None:
        assert parsed.scores is not None
        (score,) = parsed.scores
        if name != "scores":
            assert asked.score_range[0] <= score <= asked.score_range[1]
    verdict, scores = in_item_frame(parsed, "ab", len(asked.options))
    json.dumps([verdict, scores], allow_nan=False)


def caption(data: bytes) -> None:
    """A caption is read, or a CaptionError says where reading ended."""
    from unieval.tasks.shapes.caption_reader import CaptionError, read_caption

    try:
        stated = read_caption(data.decode("utf-8", "replace"))
    except CaptionError:
        return
    assert stated.facts
    assert stated.number > 0


def likely(data: bytes) -> None:
    """A server's log-probabilities give each answer its tokens, or the reason why not."""
    from unieval.judges.backends.http_choices import read_choice
    from unieval.judges.deciding import decided

    try:
        choice = json.loads(data)
    except (ValueError, RecursionError):
        return
    if not isinstance(choice, dict) or not isinstance(choice.get("message"), dict):
        return  # the caller lets no other pass
    answers = {"Image 1 is better": Verdict.FIRST, "Image 2 is better": Verdict.SECOND}
    found = read_choice(choice, list(answers), None)
    if found.failure is None:
        said = decided(answers, found, "branch")
        assert said.failure is not None or said.text in answers


def table(data: bytes) -> None:
    """A file of any of the formats gives rows, or a UserError that names it."""
    endings = (".jsonl", ".json", ".csv", ".jsonl.gz", ".parquet")
    if data:
        _reads(data[1:], endings[data[0] % len(endings)], lambda file: list(read_table(file)))


def benchmark(data: bytes) -> None:
    """Rows in any shape give a benchmark's items, or a UserError."""
    if data:
        tasks = benchmarks()
        task = tasks[data[0] % len(tasks)]
        _reads(data[1:], ".jsonl", lambda file: [i.content for i in task.items(Data(file, "f"))])


@cache
def benchmarks() -> tuple[Any, ...]:
    """Every task that needs no arguments, by name."""
    from unieval.harness.registry import tasks

    entries = (tasks.get(name) for name in tasks.names())
    return tuple(entry.create({}) for entry in entries if not _needs(entry))


def _needs(entry: Any) -> bool:
    return any(known.default is known.empty for known in entry.parameters.values())


def about_run(data: bytes) -> None:
    """A manifest and results from anybody are read and scored, or a UserError names the file."""
    from unieval.harness.run_results import RESULTS, rescore
    from unieval.leaderboard import build
    from unieval.leaderboard.compare_manifests import comparable

    with _folder() as name:
        folder = Path(name)
        half = data.find(b"\0") if b"\0" in data else len(data)
        (folder / manifest.NAME).write_bytes(data[:half])
        (folder / RESULTS).write_bytes(data[half + 1 :])
        (folder / RECORDS).write_bytes(records())
        for read in (
            lambda: manifest.read(folder),
            lambda: build([folder]),
            lambda: comparable(folder, folder, ()),
            lambda: rescore(folder),
        ):
            _allowing(UserError, read)


@cache
def records() -> bytes:
    """The database of a run over one pair, in both orders."""
    shown = ("left", "right")
    pair = PairItem("i", "image", "generation", "a cat", shown, Verdict.FIRST, group="g")
    said = [
        Record("genai-bench-image", "i", order, 0, "k", Status.OK, "first", raw="first")
        for order in ("ab", "ba")
    ]
    with _folder() as name:
        with Store(Path(name)) as store:
            store.write("genai-bench-image", [(0, pair)], [(0, record) for record in said])
        return (Path(name) / RECORDS).read_bytes()


def image(data: bytes) -> None:
    """An image is opened within limits, or a MediaError names it."""
    opened = _allowing(MediaError, lambda: load_image(Media.embedded("image", data), LIMITS))
    if opened is not None:
        assert opened.mode == "RGB"
        assert opened.width * opened.height <= LIMITS.pixels


def _reads(data: bytes, ending: str, read: Callable[[Path], object]) -> None:
    with _folder() as name:
        file = Path(name) / f"given{ending}"
        file.write_bytes(data)
        _allowing(UserError, lambda: read(file))


def _folder() -> tempfile.TemporaryDirectory[str]:
    memory = Path("/dev/shm")
    return tempfile.TemporaryDirectory(dir=memory if memory.is_dir() else None)


def _allowing(kind: type[Exception], read: Callable[[], Any]) -> Any:
    """What is read, or nothing after an error of the kind."""
    try:
        return read()
    except kind:
        return None


TARGETS: dict[str, Callable[[bytes], None]] = {
    "answer": answer,
    "caption": caption,
    "likely": likely,
    "table": table,
    "benchmark": benchmark,
    "about_run": about_run,
    "image": image,
}
