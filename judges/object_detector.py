"""Open-vocabulary detectors of transformers: which of the objects asked for are in a picture.

A question is JSON, ``{"include": [{"class": "clock", "count": 2}], ...}``, and so is the answer::

    {"question": ..., "found": {"clock": [[left, top, right, bottom, score], ...]},
     "colours": {"clock": ["red", ...]}}

Boxes are in pixels, the most confident first; colours are told where a clause asks for one.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any, ClassVar

from ..harness.encoding import encode_png
from ..harness.errors import MediaError, UserError
from ..harness.items import GradeItem, Media, Output, Request
from ..harness.judge import Supports, failure
from ..harness.media import load_image
from ..harness.registry import judge
from .backends.checkpoints import Checkpoint, locate
from .backends.transformers import Dtype
from .scorers.clip import Towers, checkpoint, load_clip, load_tokenizer
from .scorers.features import Placement, at_least_one, placement
from .scorers.pretrained import pretrained
from .scorers.transforms import cropped

if TYPE_CHECKING:
    from PIL.Image import Image

COLOURS = ("red", "orange", "yellow", "green", "blue", "purple", "pink", "brown", "black", "white")
"""The colours that are told apart, those of GenEval."""
_FAMILIES = ("owlvit", "owlv2", "grounding-dino")
_DESCRIPTIONS = (
    "a photo of a {colour} {name}",
    "a photo of a {colour}-colored {name}",
    "a photo of a {colour} object",
)
Box = list[float]


@judge("object-detector")
@dataclass(kw_only=True)
class ObjectDetector:
    """Finds objects by name with OWL-ViT, OWLv2 or Grounding DINO, and tells their colours by CLIP.

    Args:
        path: folder or hub id of the detector.
        revision: branch, tag or commit of a hub checkpoint.
        colours: folder or hub id of the CLIP checkpoint that tells colours.
        threshold: least confidence of an object.
        counting_threshold: least confidence where objects are counted; the other unless given.
        max_overlap: of two boxes of a class that share more of their area, the less confident is
            dropped.
        most: objects of a class, at most.
        device: auto, cpu, cuda, cuda:1, ...
        dtype: number format of the weights: auto, float32, bfloat16 or float16.
        batch_size: pictures looked at a time.

    Raises:
        UserError: a number is out of range.
    """

    path: str = "google/owlv2-base-patch16-ensemble"
    revision: str | None = None
    colours: str = "openai/clip-vit-large-patch14"
    threshold: float = 0.2
    counting_threshold: float | None = None
    max_overlap: float = 0.5
    most: int = 16
    device: str = "auto"
    dtype: Dtype = "auto"
    batch_size: int = 8

    supports: ClassVar[Supports] = Supports(
        frozenset({"image"}), frozenset({"generation"}), pairwise=False, grading=True
    )
    grammar: ClassVar[str] = "plain"

    def __post_init__(self) -> None:
        at_least_one(batch_size=self.batch_size, most=self.most)
        for name in ("threshold", "counting_threshold", "max_overlap"):
            value = getattr(self, name)
            if value is not None and not 0 <= value <= 1:
                raise UserError(f"judge argument {name}={value} must be from 0 to 1")

    @cached_property
    def checkpoint(self) -> Checkpoint:
        """Where the detector is; loads no weights.

        Raises:
            UserError: there is none, or it is of another family.
        """
        found = locate(self.path, self.revision)
        family = found.config.get("model_type")
        if family not in _FAMILIES:
            raise UserError(
                f"checkpoint {self.path} is a '{family}', no open-vocabulary detector; give one of"
                f" {', '.join(_FAMILIES)}"
            )
        return found

    def identity(self) -> Mapping[str, object]:
        """What an answer depends on; loads no weights.

        Raises:
            UserError: a checkpoint cannot be found.
        """
        colours = checkpoint(self.colours, None)
        return {
            "checkpoint": self.path,
            "fingerprint": self.checkpoint.fingerprint,
            "colours": {"checkpoint": self.colours, "fingerprint": colours.fingerprint},
            "threshold": [self.threshold, self._counting],
            "max_overlap": self.max_overlap,
            "most": self.most,
            "dtype": self._placement.dtype,
        }

    def close(self) -> None:
        """Let go of the weights."""
        for name in ("_detector", "_towers"):
            self.__dict__.pop(name, None)

    def judge(self, batch: Sequence[Request]) -> list[Output]:
        """What is found in each picture, in JSON; a picture that cannot be opened fails alone."""
        outputs: dict[int, Output] = {}
        looks: list[tuple[int, str, Image]] = []
        asked: dict[int, tuple[dict[str, Any], Image]] = {}
        for place, request in enumerate(batch):
            try:
                question, media = question_of(request)
                picture = load_image(media)
            except (MediaError, ValueError) as error:
                outputs[place] = failure(error)
                continue
            asked[place] = question, picture
            looks += [(place, name, picture) for name in classes(question)]
        boxes = self._found(looks)
        for place, (question, picture) in asked.items():
            least = self._counting if question.get("tag") == "counting" else self.threshold
            own = {
                name: [box for box in found if box[4] >= least]
                for (of, name, _), found in zip(looks, boxes, strict=True)
                if of == place
            }
            said = {
                "question": question,
                "found": own,
                "colours": {
                    name: self._colours(picture, name, own[name])
                    for name in classes(question, coloured=True)
                },
            }
            outputs[place] = Output(text=json.dumps(said))
        return [outputs[place] for place in range(len(batch))]

    @property
    def _counting(self) -> float:
        return self.threshold if self.counting_threshold is None else self.counting_threshold

    @property
    def _placement(self) -> Placement:
        return placement(self.device, self.dtype)

    @cached_property
    def _detector(self) -> tuple[Any, Any]:
        from transformers import AutoModelForZeroShotObjectDetection, AutoProcessor

        processor = pretrained(AutoProcessor, self.checkpoint)
        model = pretrained(AutoModelForZeroShotObjectDetection, self.checkpoint)
        return processor, self._placement.put(model.eval().requires_grad_(False))

    @cached_property
    def _towers(self) -> Towers:
        found = checkpoint(self.colours, None)
        model = load_clip(found, self._placement)
        size = model.config.vision_config.image_size
        tokenizer = load_tokenizer(found.source, found.revision)
        return Towers(model, tokenizer, partial(cropped, size=size), self.batch_size)

    def _found(self, looks: Sequence[tuple[int, str, Image]]) -> list[list[Box]]:
        """The boxes of each class in each picture, the most confident first."""
        found: list[list[Box]] = []
        for start in range(0, len(looks), self.batch_size):
            found += self._looked(looks[start : start + self.batch_size])
        return found

    def _looked(self, looks: Sequence[tuple[int, str, Image]]) -> list[list[Box]]:
        """One class a picture, so that every box is of that class, whatever the family."""
        import torch

        processor, model = self._detector
        texts = [[f"a photo of a {name}"] for _, name, _ in looks]
        pictures = [picture for _, _, picture in looks]
        grounding = self.checkpoint.config["model_type"] == "grounding-dino"
        # OWL's texts all have the length that it reads; a class of many words is cut off there
        shaped = {"padding": True} if grounding else {"truncation": True}
        inputs = processor(text=texts, images=pictures, return_tensors="pt", **shaped)
        inputs = inputs.to(model.device)
        inputs["pixel_values"] = inputs["pixel_values"].to(model.dtype)
        with torch.inference_mode():
            outputs = model(**inputs)
        results = processor.post_process_grounded_object_detection(
            outputs,
            threshold=min(self.threshold, self._counting),
            target_sizes=[(picture.height, picture.width) for picture in pictures],
            **({"input_ids": inputs["input_ids"]} if grounding else {}),
        )
        return [self._kept(one["boxes"].tolist(), one["scores"].tolist()) for one in results]

    def _kept(self, boxes: Sequence[Sequence[float]], scores: Sequence[float]) -> list[Box]:
        kept: list[Box] = []
        for score, box in sorted(zip(scores, boxes, strict=True), reverse=True):
            if len(kept) < self.most and all(
                overlap(box, other) <= self.max_overlap for other in kept
            ):
                kept.append([*(round(corner, 2) for corner in box), round(score, 4)])
        return kept

    def _colours(self, picture: Image, name: str, boxes: Sequence[Box]) -> list[str]:
        """The colour of each box: the one whose descriptions CLIP finds nearest."""
        import numpy as np

        texts = [d.format(colour=c, name=name) for c in COLOURS for d in _DESCRIPTIONS]
        features = np.stack([np.asarray(text) for text in self._towers.texts.of(texts)])
        colours = features.reshape(len(COLOURS), len(_DESCRIPTIONS), -1).mean(axis=1)
        colours /= np.linalg.norm(colours, axis=1, keepdims=True)
        parts = [_part(picture, box) for box in boxes]
        seen = [np.asarray(part) for part in self._towers.pictures.of(parts)]
        return [COLOURS[int(np.argmax(colours @ part))] for part in seen]


def _part(picture: Image, box: Box) -> Media:
    """What lies in a box, a pixel of it at least."""
    import numpy as np

    left, top = (
        min(max(0, int(at)), side - 1) for at, side in zip(box, picture.size, strict=False)
    )
    right, bottom = max(left + 1, round(box[2])), max(top + 1, round(box[3]))
    part = picture.crop((left, top, min(right, picture.width), min(bottom, picture.height)))
    return Media.embedded("image", encode_png(np.asarray(part)))


def overlap(one: Sequence[float], other: Sequence[float]) -> float:
    """How much of the area of two boxes they share, from 0 to 1."""
    width = min(one[2], other[2]) - max(one[0], other[0])
    height = min(one[3], other[3]) - max(one[1], other[1])
    shared = max(0.0, width) * max(0.0, height)
    areas = [(box[2] - box[0]) * (box[3] - box[1]) for box in (one, other)]
    return shared / (sum(areas) - shared) if sum(areas) > shared else 0.0


def question_of(request: Request) -> tuple[dict[str, Any], Media]:
    """The question, and the picture that it is about.

    Raises:
        ValueError: it is no question about objects.
    """
    item = request.item
    if not isinstance(item, GradeItem) or len(item.context) != 1:
        raise ValueError("not a question about the objects of one picture")
    try:
        question = json.loads(item.text(request.order))
        classes(question)
    except (ValueError, KeyError, TypeError) as error:
        raise ValueError(f"not a question about objects ({error})") from None
    return question, item.context[0]


def classes(question: Mapping[str, Any], *, coloured: bool = False) -> list[str]:
    """The classes that a question names, or those whose colour it asks for."""
    clauses = [*question["include"], *question.get("exclude", ())]
    named = [c["class"] for c in clauses if not coloured or "color" in c]
    return list(dict.fromkeys(named))
