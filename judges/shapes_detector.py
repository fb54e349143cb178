"""Finds the shapes of the shapes world in a picture, from the pixels."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import ClassVar

from ..harness.errors import MediaError
from ..harness.items import Output, Request
from ..harness.judge import Supports, failure
from ..harness.media import load_image
from ..harness.registry import judge
from .object_detector import classes, question_of


@judge("shapes-detector")
class ShapesDetector:
    """Tells which shapes are in a picture of the shapes world, where, and of which colour.

    It answers the same questions as ``object-detector``; classes are the world's shapes.
    """

    supports: ClassVar[Supports] = Supports(
        frozenset({"image"}), frozenset({"generation"}), pairwise=False, grading=True
    )
    grammar = "plain"
    batch_size = 32

    def judge(self, batch: Sequence[Request]) -> list[Output]:
        """What is seen in each picture, in JSON."""
        return [self._said(request) for request in batch]

    def _said(self, request: Request) -> Output:
        import numpy as np

        from ..tasks.shapes.scene import UNITS
        from ..tasks.shapes.seeing import see

        try:
            question, media = question_of(request)
            pixels = np.asarray(load_image(media))
            seen = see(pixels)
        except (MediaError, ValueError) as error:
            return failure(error)
        asked, unit = classes(question), max(pixels.shape[:2]) / UNITS
        boxes: dict[str, list[list[float]]] = {name: [] for name in asked}
        colours: dict[str, list[str]] = {name: [] for name in asked}
        for thing in seen.things:
            if thing.shape in boxes:
                left, top = thing.x - thing.radius, thing.y - thing.radius
                corners = (left, top, thing.x + thing.radius, thing.y + thing.radius)
                box = [round(corner * unit, 2) for corner in corners]
                boxes[thing.shape].append([*box, round(1 - thing.unlike, 4)])
                colours[thing.shape].append(thing.colour)
        return Output(text=json.dumps({"question": question, "found": boxes, "colours": colours}))

    @staticmethod
    def identity() -> Mapping[str, object]:
        """What is seen depends on the picture alone."""
        return {"detector": "the shapes world's own"}
