"""VideoReward: a VLM with a value head, read at the token of each dimension."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from hashlib import blake2b
from pathlib import Path
from typing import ClassVar, Literal

from ...harness.errors import UserError
from ...harness.items import Media, PointItem
from ...harness.judge import Supports
from ...harness.registry import judge
from ..backends.processors import load_processor
from ..backends.transformers import Dtype
from .features import Placement, Remembered, at_least_one, generated, placement
from .files import Published, assembled, find, tensors
from .valued import Asked, Valued, shown
from .videoalign import SETTINGS, Settings, backbone_and_head, read_settings
from .videoalign_question import QUESTION

OVERALL = "Overall"

_TOKEN = re.compile(r"<\|(\w+)_reward\|>")
_PUBLISHED = "checkpoint-11352/model"
_FORMS = (".safetensors", ".pth")
_REMEMBERED = 65_536


@judge("videoreward")
@dataclass
class VideoReward:
    """VideoReward of a generated video (Liu et al. 2025, arXiv 2501.13918).

    Scores visual quality (VQ), motion quality (MQ) and text alignment (TA), each less its mean over
    its deviation as the checkpoint states them; *Overall* is their sum. See
    https://github.com/KwaiVGI/VideoAlign. Takes any checkpoint in that layout, also with another
    Qwen2-VL or Qwen2.5-VL backbone, and with other dimensions if you give its question.

    Frames differ from the authors' code in how their numbers are rounded (down, not to the nearest)
    and in who scales them (PIL). Scores have not been compared with those of the published weights.

    Args:
        path: folder, file or hub id of the checkpoint: ``model_config.json``, and
            ``checkpoint-STEP/model.safetensors`` or ``.pth``; of several steps the last.
        revision: branch, tag or commit of a hub checkpoint.
        backbone: folder or hub id of the model that was trained, of which the configuration and
            the tokenizer are read; the default is what ``model_config.json`` names.
        dimension: which score is given: VQ, MQ, TA or Overall.
        normalise: whether scores are normalised, as far as the checkpoint says by what.
        question: file with another question: a text with ``{prompt}`` and a token such as
            ``<|VQ_reward|>`` for each dimension, in the order in which training added them.
        positions: how tokens are numbered: ``sequential``, as VideoAlign's code does (with
            transformers 4.45), or ``native``, the backbone's own way with videos.
        fps: frames shown for a second of video; the default is the checkpoint's.
        max_pixels: larger frames are scaled down to this many pixels; the default likewise.
        device: auto, cpu, cuda, cuda:1, ...
        dtype: number format of the weights: auto (float32 on a CPU, else bfloat16), float32,
            bfloat16 or float16.
        batch_size: videos scored at a time.

    Raises:
        UserError: a number is out of range, the question cannot be used, or there is no such
            dimension.
    """

    path: str = "KwaiVGI/VideoReward"
    revision: str | None = None
    backbone: str | None = None
    dimension: str = OVERALL
    normalise: bool = True
    question: Path | None = None
    positions: Literal["sequential", "native"] = "sequential"
    fps: float | None = None
    max_pixels: int | None = None
    device: str = "auto"
    dtype: Dtype = "auto"
    batch_size: int = 4

    engine: ClassVar[str] = "transformers"
    supports: ClassVar[Supports] = Supports(
        frozenset({"video"}), frozenset({"generation"}), order_free=True, pointwise=True
    )

    def __post_init__(self) -> None:
        at_least_one(batch_size=self.batch_size)
        if self.fps is not None and self.fps <= 0:
            raise UserError(f"judge argument fps={self.fps} must be above 0")
        if self.max_pixels is not None:
            at_least_one(max_pixels=self.max_pixels)
        self._text = _read(self.question) if self.question else QUESTION
        self.dimensions = tuple(_TOKEN.findall(self._text))
        if self.dimension not in (*self.dimensions, OVERALL):
            raise UserError(
                f"judge argument dimension={self.dimension}: there is no such dimension; take"
                f" {', '.join(self.dimensions)} or {OVERALL}"
            )
        self._scores: Remembered[tuple[str, Media], Asked, tuple[float, ...]] | None = None

    @cached_property
    def checkpoint(self) -> Published:
        """Where the checkpoint is; loads no weights."""
        return find(self.path, self.revision, _weights(self.path), beside=(SETTINGS,))

    @cached_property
    def settings(self) -> Settings:
        """What the checkpoint says of itself.

        Raises:
            UserError: its ``model_config.json`` is missing, or cannot be used.
        """
        place = self.checkpoint
        if place.revision is not None:
            return read_settings(place.file(SETTINGS), self.dimensions)
        beside = Path(place.source) / SETTINGS
        # where the folder of a step was given, they are in the folder above
        above = beside.parents[1] / SETTINGS
        return read_settings(beside if beside.is_file() else above, self.dimensions)

    def score(self, batch: Sequence[PointItem]) -> list[float]:
        """Score videos, the higher the better.

        Raises:
            MediaError: a video cannot be used; the others' scores are kept.
            UserError: the checkpoint cannot be loaded, or an item is no generated video.
        """
        videos = generated(batch, "videoreward")
        if self._scores is None:
            self._scores = self._loaded()
        pairs = [(item.prompt, video) for item, video in zip(batch, videos, strict=True)]
        return [self._one(values) for values in self._scores.of(pairs)]

    def identity(self) -> Mapping[str, object]:
        """What a score depends on; loads no weights.

        Raises:
            UserError: the checkpoint cannot be found.
        """
        return {
            "checkpoint": self.path,
            "weights": self.checkpoint.weights,
            "fingerprint": self.checkpoint.fingerprint,
            "backbone": self.backbone or self.settings.backbone,
            "question": blake2b(self._text.encode(), digest_size=8).hexdigest(),
            "dimension": self.dimension,
            "adapters": self.settings.adapters,
            "normal": dict(self.settings.normal) if self.normalise else {},
            "positions": self.positions,
            "media": {
                "fps": self.fps or self.settings.fps,
                "max_pixels": self.max_pixels or self.settings.max_pixels,
                "resize": "PIL bicubic",
                "sampling": "linspace(0, N - 1)",
            },
            "dtype": self._placement.dtype,
        }

    def close(self) -> None:
        """Let go of the weights and the remembered scores."""
        self._scores = None

    @property
    def _placement(self) -> Placement:
        return placement(self.device, self.dtype, on_gpu="bfloat16")

    def _one(self, values: tuple[float, ...]) -> float:
        normal = self.settings.normal if self.normalise else {}
        scores = {}
        for name, value in zip(self.dimensions, values, strict=True):
            mean, deviation = normal.get(name, (0.0, 1.0))
            scores[name] = (value - mean) / deviation
        return sum(scores.values()) if self.dimension == OVERALL else scores[self.dimension]

    def _loaded(self) -> Remembered[tuple[str, Media], Asked, tuple[float, ...]]:
        model = self._load()
        fps, budget = self.fps or self.settings.fps, self.max_pixels or self.settings.max_pixels
        return Remembered(
            lambda pair: f"{pair[1].uri}\0{pair[0]}",
            lambda pair: Asked(self._text, pair[0], shown(pair[1], fps, budget)),
            model.values,
            self.batch_size,
            _REMEMBERED,
        )

    def _load(self) -> Valued:
        from transformers import AutoConfig
        from transformers.models.auto.modeling_auto import MODEL_MAPPING

        file = self.checkpoint.file(self.checkpoint.weights)
        state, head = backbone_and_head(tensors(file), self.settings.adapters, str(file))
        name = self.backbone or self.settings.backbone
        try:
            config = AutoConfig.from_pretrained(name)
            processor = load_processor(name)
            kind = MODEL_MAPPING[type(config)]
        except UserError:
            raise
        except Exception as error:
            reason = " ".join(str(error).split())[:300]
            raise UserError(
                f"backbone {name} cannot be read ({type(error).__name__}: {reason}); give the"
                " folder or hub id of the model that was trained as backbone="
            ) from error
        rows = state.get("language_model.embed_tokens.weight")
        if rows is not None:
            config.text_config.vocab_size = len(rows)  # training cut or grew it to its tokens
        model = self._placement.put(assembled(kind, state, str(file), config=config))
        return Valued(
            model, processor, head, self.dimensions, self.positions == "native", str(file)
        )


def _read(file: Path) -> str:
    try:
        text = file.read_text(encoding="utf-8")
    except (OSError, ValueError) as error:
        raise UserError(f"question {file} cannot be read: {error}") from None
    names = _TOKEN.findall(text)
    if "{prompt}" not in text or not names or len(set(names)) < len(names):
        raise UserError(
            f"question {file} needs {{prompt}} and, once for each dimension, a token such as"
            " <|VQ_reward|>"
        )
    return text


def _weights(path: str) -> list[str]:
    """What the file of tensors may be called, the last step first."""
    folder = Path(path).expanduser()
    steps = {
        int(match[1]): place.name
        for place in (folder.glob("checkpoint-*") if folder.is_dir() else ())
        if (match := re.fullmatch(r"checkpoint-(\d+)", place.name))
    }
    stems = [f"{steps[step]}/model" for step in sorted(steps, reverse=True)] or [_PUBLISHED]
    return [stem + form for stem in (*stems, "model") for form in _FORMS]
