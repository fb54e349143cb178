"""Answers, pictures or videos that are there already, as the model that once made them.

``path`` is one of:

- a run folder of ``unieval run --model``: its stored answers or media, so that another grader sees
  the same;
- a JSON Lines file (``.gz`` or not), one answer a line, where ``vote`` is 0 if it is absent and
  ``order`` tells which rotation of the options was shown (*ab*, *r1*, *r2*, ...)::

      {"item_id": "001-1", "response": "B"}

- a folder of media, each named by its item's id: ``17.png``, or ``17_0.png``, ``17_1.png`` for
  several votes. Characters other than letters, digits, ``-``, ``_`` and ``.`` are written ``_``.
  Folders named as VBench (``<prompt>-0.mp4``) or GenEval (``00017/samples/0000.png``) want them are
  read too.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from hashlib import blake2b
from pathlib import Path
from typing import TYPE_CHECKING

from ...harness.errors import UserError
from ...harness.items import Output, PromptItem, Request, Status
from ...harness.made import Made
from ...harness.model import Takes
from ...harness.read_only import RECORDS, ReadOnlyStore
from ...harness.registry import model
from ...harness.tables import json_lines

if TYPE_CHECKING:
    from ...harness.plan import Plan, Survey

_Key = tuple[str, str, str, int]
"""Task (empty where the file does not say), item id, order, vote."""
_OUTPUTS_PER_SECOND = 20_000


@model("folder")
class FolderModel:
    """Answers or media that are there already: a run folder, a file, or a folder of media."""

    supports = Takes(prompts=frozenset({"image", "video"}), needs_media=False)

    def __init__(self, path: Path) -> None:
        if not path.exists():
            raise UserError(f"model argument path={path}: no such file or folder")
        self.path = path
        self._texts = _texts(path)
        self._made = Made(path) if path.is_dir() else None

    def identity(self) -> dict[str, object]:
        """Fingerprint of the answers, or of the media's names and sizes."""
        if self._texts is None:
            return {"content": Made(self.path).fingerprint}
        digest = blake2b(digest_size=16)
        for key, text in sorted(self._texts.items()):
            digest.update(f"{key}{text!r}\n".encode("utf-8", "surrogatepass"))
        return {"content": digest.hexdigest()}

    def expect(self, plan: Plan) -> None:
        """Check that something is there for the plan.

        Raises:
            UserError: for none of its items.
        """
        first = None
        for _, item in plan.items():
            for request in plan.requests(item):
                first = first or request
                if self._output(request).failure is None:
                    return
        if first is not None:
            raise UserError(
                f"{self.path} holds nothing for any item of {plan.task.name}; the first is"
                f" '{first.item.id}'"
            )

    @staticmethod
    def estimate(survey: Survey) -> tuple[float, float]:
        """Seconds and dollars: next to nothing, and none."""
        return survey.requests / _OUTPUTS_PER_SECOND, 0.0

    def respond(self, batch: Sequence[Request]) -> list[Output]:
        """Look each up; what is missing fails alone."""
        return [self._output(request) for request in batch]

    def _output(self, request: Request) -> Output:
        if isinstance(request.item, PromptItem):
            return self._file(request.item, request.vote)
        if self._texts is None:
            return _missing(f"{self.path} holds media, no answers")
        own = (request.item.id, request.order, request.vote)
        text = self._texts.get((request.task, *own), self._texts.get(("", *own)))
        return Output(text=text) if text is not None else _missing(f"no answer in {self.path}")

    def _file(self, item: PromptItem, vote: int) -> Output:
        file = self._made.file(item, vote) if self._made else None
        if file is None or not file.is_file():
            return _missing(f"{self.path} has no {item.modality} for item '{item.id}', vote {vote}")
        return Output(made=(file.read_bytes(), file.suffix))


def _missing(reason: str) -> Output:
    return Output(failure=(Status.REQUEST_FAILED, reason))


def _texts(path: Path) -> Mapping[_Key, str] | None:
    """The answers of a file or run folder; *None* for a folder of media."""
    if path.is_file():
        return _of_lines(path)
    return _of_run(path) if (path / RECORDS).is_file() else None


def _of_run(folder: Path) -> dict[_Key, str]:
    with ReadOnlyStore(folder) as store:
        return {
            (task, item, order, vote): raw
            for task, item, order, vote, raw, _ in store.raw_outputs()
        }


def _of_lines(path: Path) -> dict[_Key, str]:
    found: dict[_Key, str] = {}
    for number, row in json_lines(path):
        where = f"{path}, line {number}"
        item, said = row.get("item_id"), row.get("response")
        if item is None or not isinstance(said, str):
            raise UserError(
                f"{where}: expected item_id and response, a text; it has: {', '.join(row)}"
            )
        key = str(row.get("task", "")), str(item), row.get("order", "ab"), row.get("vote", 0)
        if found.setdefault(key, said) != said:
            raise UserError(f"{where}: a second, different response for item_id '{item}'")
    return found
