"""A batch shared out among the cores of a machine, for small models on a CPU.

A small model's matrices are too small to be multiplied by several cores at once: they wait for each
other after every product, most of all where other programs run. So each core has a part of the
batch for itself. A large model's products keep all cores busy, and its weights would have to be
fetched from memory for each part.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from typing import Any, TypeVar

Made = TypeVar("Made")

_SMALL = 256 << 20
"""Most bytes of a small model's weights."""


class Cores:
    """As many threads as the model computes with, or one where sharing out does not pay.

    Args:
        model: what will compute.
    """

    def __init__(self, model: Any) -> None:
        import torch

        weights = sum(weight.nbytes for weight in model.parameters())
        small = model.device.type == "cpu" and weights <= _SMALL
        self._threads = torch.get_num_threads() if small else 1
        self._pool = ThreadPoolExecutor(self._threads, thread_name_prefix="core")

    def each(self, work: Callable[[slice], Made], count: int, least: int) -> list[Made]:
        """What is made of each part of so many things, in order.

        Args:
            work: is given a part; the parts are worked on at the same time.
            count: how many things there are.
            least: how many are worth a part of their own.
        """
        import torch

        parts = _slices(count, max(1, min(self._threads, count // least)))
        if len(parts) == 1:
            return [work(part) for part in parts]

        def alone(part: slice) -> Made:
            torch.set_num_threads(max(1, self._threads // len(parts)))  # of this thread
            with torch.inference_mode():
                return work(part)

        try:
            return list(self._pool.map(alone, parts))
        finally:
            torch.set_num_threads(self._threads)  # also what threads to come begin with


def _slices(count: int, parts: int) -> Sequence[slice]:
    """So many parts that differ by one at most."""
    return [slice(*ends) for ends in pairwise(count * part // parts for part in range(parts + 1))]
