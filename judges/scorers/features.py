"""What scorers share: results computed once for each distinct input, and where models run."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from hashlib import blake2b
from pathlib import Path
from typing import Any, Generic, TypeVar

from ...harness.errors import UserError
from ...harness.items import Media, PointItem
from ...harness.media import LIMITS, blame, source_of
from ..backends.transformers import Dtype

_THREADS = 4

T = TypeVar("T")
P = TypeVar("P")
R = TypeVar("R")


@dataclass
class Remembered(Generic[T, P, R]):
    """Results of a model, each distinct input computed once; the last ``limit`` are kept.

    An input that fails (a missing picture) does not undo the others: they are computed and kept
    before its error is raised, so asking again without it costs nothing.

    Args:
        key: what tells inputs apart, by their content; called on threads.
        prepare: what the model takes of an input; called on threads.
        compute: the model's results for a batch of prepared inputs, in order.
        batch_size: how many inputs are computed at a time.
        limit: how many results are kept.
    """

    key: Callable[[T], str]
    prepare: Callable[[T], P]
    compute: Callable[[list[P]], Sequence[R]]
    batch_size: int
    limit: int
    _kept: OrderedDict[str, R] = field(default_factory=OrderedDict, repr=False)

    def of(self, inputs: Sequence[T]) -> list[R]:
        """The inputs' results, in order; raises the first error that preparing one raised."""
        found: list[R] = []
        errors: list[Exception] = []
        for start in range(0, len(inputs), self.batch_size):
            results = self._batch(inputs[start : start + self.batch_size])
            errors += [result for result in results if isinstance(result, Exception)]
            found += [result for result in results if not isinstance(result, Exception)]
        if errors:
            raise errors[0]
        return found

    def _batch(self, inputs: Sequence[T]) -> list[R | Exception]:
        with ThreadPoolExecutor(_THREADS) as pool:
            keys = list(pool.map(lambda one: _caught(self.key, one), inputs))
            told = {k: one for k, one in zip(keys, inputs, strict=True) if isinstance(k, str)}
            known = {key: self._kept[key] for key in told if key in self._kept}
            new = {key: one for key, one in told.items() if key not in known}
            prepared = list(pool.map(lambda one: _caught(self.prepare, one), new.values()))
        results: dict[str, R | Exception] = {}
        ready: dict[str, P] = {}
        for key, made in zip(new, prepared, strict=True):
            if isinstance(made, Exception):
                results[key] = made
            else:
                ready[key] = made
        if ready:
            known.update(zip(ready, self.compute(list(ready.values())), strict=True))
        self._keep(known)
        results.update(known)
        return [key if isinstance(key, Exception) else results[key] for key in keys]

    def _keep(self, results: dict[str, R]) -> None:
        for key, result in results.items():
            self._kept[key] = result
            self._kept.move_to_end(key)
        while len(self._kept) > self.limit:
            self._kept.popitem(last=False)


def _caught(call: Callable[[T], P], value: T) -> P | Exception:
    try:
        return call(value)
    except Exception as error:
        return error


def content(media: Media) -> str:
    """Hash of the encoded bytes of a picture.

    Raises:
        MediaError: it is missing, or over the limits.
    """
    with blame(media):
        source = source_of(media, LIMITS)
        data = source.read_bytes() if isinstance(source, Path) else source
    return blake2b(data, digest_size=16).hexdigest()


def generated(items: Iterable[PointItem], judge: str) -> list[Media]:
    """The pictures or videos that were made from the items' texts.

    Raises:
        UserError: an item is something else, such as an edit of a picture.
    """
    found: list[Media] = []
    for item in items:
        if item.context or not isinstance(item.candidate, Media):
            what = "an answer" if isinstance(item.candidate, str) else "an edit"
            raise UserError(
                f"judge '{judge}' scores what was made from a text alone, but item '{item.id}' is"
                f" {what} of other media; leave that task out, or use a judge that sees them"
            )
        found.append(item.candidate)
    return found


@dataclass(frozen=True, slots=True)
class Placement:
    """Where a model runs, and the number format of its weights."""

    device: str
    dtype: str

    def put(self, model: Any) -> Any:
        """The model, there and so."""
        import torch

        return model.to(device=self.device, dtype=getattr(torch, self.dtype))


def placement(device: str, dtype: Dtype, on_gpu: str = "float32") -> Placement:
    """Where a model runs: ``auto`` is the first GPU if there is one, else the CPU.

    Args:
        device: auto, cpu, cuda, cuda:1, ...
        dtype: ``auto`` is float32 on a CPU and ``on_gpu`` elsewhere.
        on_gpu: number format on a GPU unless the user names one.
    """
    if device == "auto":
        import torch

        device = "cuda" if torch.cuda.is_available() else "cpu"
    if dtype == "auto":
        return Placement(device, "float32" if device == "cpu" else on_gpu)
    return Placement(device, dtype)


def at_least_one(**arguments: float) -> None:
    """Check arguments of a judge.

    Raises:
        UserError: one is less than 1.
    """
    for name, value in arguments.items():
        if value < 1:
            raise UserError(f"judge argument {name}={value} must be at least 1")
