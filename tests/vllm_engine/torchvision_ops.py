"""Lets a torchvision that was built for CUDA be imported beside a torch that was built for CPUs.

Such a torchvision cannot load its compiled operators, and then stumbles over the missing
declarations of two of them, although its transforms, all that vLLM wants of it, need none. The
environment of ``make test-vllm`` runs this at every start of Python, in vLLM's processes too.
"""

from __future__ import annotations

import sys
from importlib.abc import MetaPathFinder
from typing import Any

_SCHEMAS = (
    "nms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor",
    "qnms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor",
)


class _Declarer(MetaPathFinder):
    """Finds nothing; declares the operators when torchvision is about to describe them."""

    def find_spec(self, fullname: str, path: object = None, target: object = None) -> None:
        if fullname == "torchvision._meta_registrations":
            _declare(sys.modules["torchvision.extension"])


def _declare(extension: Any) -> None:
    import torch

    if not extension._has_ops():
        library = torch.library.Library("torchvision", "FRAGMENT")
        for schema in _SCHEMAS:
            library.define(schema)
        _kept.append(library)  # its declarations go with it


_kept: list[object] = []
sys.meta_path.insert(0, _Declarer())
