"""What benchmarks' own programs have measured, in place of the model whose media they measured.

Both stand with ``--judge as-recorded``. Nothing is measured again: the files' figures become
records like any others.
"""

from __future__ import annotations

import json
import math
import re
from abc import ABC, abstractmethod
from collections import defaultdict
from collections.abc import Mapping, Sequence
from hashlib import blake2b
from pathlib import Path
from typing import Any

from ...harness.errors import UserError
from ...harness.items import Output, Request, Status
from ...harness.model import Takes
from ...harness.registry import model
from ...harness.tables import json_lines

_COPY = re.compile(r"-\d+$")


class _Recorded(ABC):
    """Answers each prompt with a small file of JSON that tells what was measured."""

    supports: Takes

    def __init__(self, path: Path) -> None:
        if not path.exists():
            raise UserError(f"model argument path={path}: no such file or folder")
        self.path = path
        self._found = self._read(path)

    @abstractmethod
    def _read(self, path: Path) -> Mapping[str, Any]:
        """All that the files say; JSON."""

    @abstractmethod
    def _of(self, request: Request) -> Any:
        """What they say of one prompt's medium; *None* if nothing."""

    def identity(self) -> dict[str, object]:
        """Hash of all that the files say."""
        text = json.dumps(self._found, sort_keys=True).encode()
        return {"content": blake2b(text, digest_size=16).hexdigest()}

    def respond(self, batch: Sequence[Request]) -> list[Output]:
        """Look each up; what is missing fails alone."""
        return [self._output(request) for request in batch]

    def _output(self, request: Request) -> Output:
        found = self._of(request)
        if found is None:
            reason = f"{self.path} has no result for item '{request.item.id}', vote {request.vote}"
            return Output(failure=(Status.REQUEST_FAILED, reason))
        content = json.dumps(found, sort_keys=True, ensure_ascii=False)
        return Output(made=(content.encode("utf-8", "surrogatepass"), ".json"))


@model("vbench-results")
class VBenchResults(_Recorded):
    """Reads what VBench's program wrote: ``*_eval_results.json``, a file or a folder of them.

    A file maps a dimension to its figure and a list of each video's, whose ``video_path`` ends
    with ``<prompt>-<number>.mp4``. A prompt's result is the mean over its videos, scaled so that
    the dimension's mean is the figure that the program reports (which weighs videos by their
    frames in some dimensions, and is on another scale in one).
    """

    supports = Takes(frozenset(), frozenset({"video"}), needs_media=False)

    def _read(self, path: Path) -> Mapping[str, Any]:
        files = sorted(path.glob("*_eval_results.json")) if path.is_dir() else [path]
        if not files:
            raise UserError(f"model argument path={path}: holds no *_eval_results.json")
        found: dict[str, Any] = {}
        for file in files:
            for dimension, result in _object(file).items():
                if dimension in found:
                    raise UserError(f"{file}: a second result for '{dimension}'; keep one of them")
                found[dimension] = _by_prompt(result, f"{file}, {dimension}")
        return found

    def _of(self, request: Request) -> Any:
        known = json.loads(request.item.known["question"])  # type: ignore[union-attr]
        return self._found.get(known["dimension"], {}).get(request.item.prompt)


def _object(file: Path) -> Mapping[str, Any]:
    try:
        found = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise UserError(f"{file} cannot be read as JSON: {error}") from None
    if not isinstance(found, dict):
        raise UserError(f"{file}: expected an object of dimensions")
    return found


def _by_prompt(result: Any, where: str) -> dict[str, dict[str, float]]:
    """The mean of each prompt's videos, so that their mean is the dimension's figure."""
    try:
        figure, videos = float(result[0]), result[1]
        shown: dict[str, list[float]] = defaultdict(list)
        for video in videos:
            prompt = _COPY.sub("", Path(video["video_path"]).stem)
            shown[prompt].append(float(video["video_results"]))
        if not shown or not all(math.isfinite(value) for own in shown.values() for value in own):
            raise ValueError("no video, or a result that is no number")
    except (TypeError, ValueError, KeyError, IndexError) as error:
        raise UserError(
            f"{where}: expected [figure, [{{video_path, video_results}}, ...]] as VBench writes it"
            f" ({type(error).__name__}: {error})"
        ) from None
    means = {prompt: sum(own) / len(own) for prompt, own in shown.items()}
    mean = sum(means.values()) / len(means)
    # where all videos have 0 nothing can be scaled, and the figure is what each prompt has
    scaled = {p: value * figure / mean if mean else figure for p, value in means.items()}
    return {p: {"score": value, "videos": len(shown[p])} for p, value in scaled.items()}


@model("geneval-results")
class GenEvalResults(_Recorded):
    """Reads what GenEval's program wrote: ``results.jsonl``, one image a line.

    ``filename`` ends with ``<prompt's number>/samples/<image's number>.png``; ``metadata`` and
    ``details`` are JSON in text.
    """

    supports = Takes(frozenset(), frozenset({"image"}), needs_media=False)

    def _read(self, path: Path) -> Mapping[str, Any]:
        found: dict[str, Any] = {}
        for number, row in json_lines(path):
            where = f"{path}, line {number}"
            try:
                place = Path(row["filename"])
                key = f"{int(place.parts[-3]):05d} {int(place.stem)}"
                found[key] = {
                    "question": json.loads(row["metadata"]),
                    "found": json.loads(row["details"]),
                    "correct": bool(row["correct"]),
                }
            except (KeyError, TypeError, ValueError, IndexError) as error:
                raise UserError(
                    f"{where}: expected filename, correct, metadata and details as GenEval writes"
                    f" them ({type(error).__name__}: {error})"
                ) from None
        return found

    def _of(self, request: Request) -> Any:
        found = self._found.get(f"{request.item.id} {request.vote}")
        if found is None or found["question"].get("prompt") != request.item.prompt:
            return None
        return found
