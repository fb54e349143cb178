"""A vision-language backbone whose hidden states at reward tokens become values."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from math import ceil
from typing import TYPE_CHECKING, Any

from ...harness.errors import UserError
from ...harness.items import Media
from ...harness.video import sample_clip, sample_frames
from ..backends.chats import Chat, Clip, placed, processed, written

if TYPE_CHECKING:
    from PIL.Image import Image

_FACTOR = 28  # a token takes so many pixels in each direction
_FEWEST = 128 * _FACTOR**2  # pixels of a frame
_FRAMES = (4, 768)
_MARK = "\ue000"
"""Stands for a reward token while the text is written: such tokens of a prompt are just text."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A question about a video, and the text that it was made from."""

    question: str
    prompt: str
    clip: Clip


@dataclass(frozen=True)
class Valued:
    """A backbone with a value head.

    Args:
        model: the backbone without its language head.
        processor: the backbone's; the reward tokens are added to its tokenizer.
        head: weights, a row that all dimensions share or one for each.
        dimensions: their names; the token of VQ is ``<|VQ_reward|>``.
        native: tokens are numbered as the backbone numbers them with videos, not just counted.
        source: where the weights are from, for errors.

    Raises:
        UserError: head, tokens and embeddings do not fit.
    """

    model: Any
    processor: Any
    head: Any
    dimensions: tuple[str, ...]
    native: bool
    source: str

    def __post_init__(self) -> None:
        rows = len(self.head)
        if rows not in (1, len(self.dimensions)):
            raise UserError(
                f"{self.source}: its value head has {rows} rows, for {len(self.dimensions)}"
                " dimensions; give the question it was trained with"
            )
        embedded = self.model.get_input_embeddings().num_embeddings
        if max(self.tokens) >= embedded:
            raise UserError(
                f"{self.source} embeds {embedded} tokens, but the reward tokens are number"
                f" {', '.join(map(str, self.tokens))}; check backbone="
            )

    @cached_property
    def tokens(self) -> list[int]:
        """The number of each dimension's token."""
        names = [_token(name) for name in self.dimensions]
        tokenizer = self.processor.tokenizer
        tokenizer.add_tokens(names, special_tokens=True)
        return [int(number) for number in tokenizer.convert_tokens_to_ids(names)]

    def values(self, batch: list[Asked]) -> list[tuple[float, ...]]:
        """The value of each dimension, in order, for each question."""
        import torch

        inputs = placed(self.inputs(batch), self.model)
        if not self.native:
            count = inputs["attention_mask"].cumsum(1) - 1
            inputs["position_ids"] = count.clamp(min=0).expand(3, -1, -1)
        with torch.inference_mode():
            hidden = self.model(**inputs, use_cache=False).last_hidden_state
        head = self.head.to(hidden.device).float().expand(len(self.dimensions), -1)
        at = [(inputs["input_ids"] == token).int().argmax(1) for token in self.tokens]
        rows = torch.arange(len(batch), device=hidden.device)
        found = [hidden[rows, place].float() @ row for place, row in zip(at, head, strict=True)]
        return [tuple(map(float, values)) for values in torch.stack(found, 1)]

    def inputs(self, batch: Sequence[Asked]) -> Any:
        """The questions with their videos, as one batch."""
        chats = [Chat((one.clip, self._marked(one))) for one in batch]
        texts = written(self.processor, chats)
        for name in self.dimensions:
            texts = [text.replace(_mark(name), _token(name)) for text in texts]
        return processed(self.processor, chats, texts, padding=True, return_tensors="pt")

    def _marked(self, asked: Asked) -> str:
        text = asked.question
        for name in self.dimensions:
            text = text.replace(_token(name), _mark(name))
        return text.replace("{prompt}", asked.prompt.replace(_MARK, ""))


def _token(dimension: str) -> str:
    return f"<|{dimension}_reward|>"


def _mark(dimension: str) -> str:
    return f"{_MARK}{dimension}{_MARK}"


def shown(video: Media, fps: float, max_pixels: int) -> Clip:
    """The video as VideoReward sees it: so many frames a second, an even number, in tokens' sizes.

    Raises:
        MediaError: it cannot be used.
    """
    _, rate = sample_clip(video, 1)
    seconds = 1 / rate
    frames = sample_frames(video, frame_count(seconds, fps))
    if len(frames) > 1 and len(frames) % 2:  # it has fewer, and they are shown two by two
        frames = sample_frames(video, len(frames) - 1)
    return Clip(tuple(_scaled(frame, max_pixels) for frame in frames), len(frames) / seconds)


def frame_count(seconds: float, fps: float) -> int:
    """How many frames of a video are shown: from 4 to 768, an even number."""
    fewest, most = _FRAMES
    return round(min(max(seconds * fps, fewest), most) / 2) * 2


def frame_size(width: int, height: int, max_pixels: int) -> tuple[int, int]:
    """The size at which a frame is shown: multiples of 28 within the budget, its shape about kept.

    ``smart_resize`` of https://github.com/QwenLM/Qwen2-VL, with VideoAlign's bounds.
    """
    sides = [max(_FACTOR, round(side / _FACTOR) * _FACTOR) for side in (width, height)]
    pixels = sides[0] * sides[1]
    if pixels > max_pixels:
        shrink = (width * height / max_pixels) ** 0.5
        sides = [max(1, int(side / shrink / _FACTOR)) * _FACTOR for side in (width, height)]
    elif pixels < _FEWEST:
        grow = (_FEWEST / (width * height)) ** 0.5
        sides = [ceil(side * grow / _FACTOR) * _FACTOR for side in (width, height)]
    return sides[0], sides[1]


def _scaled(frame: Image, max_pixels: int) -> Image:
    from PIL.Image import Resampling

    return frame.resize(frame_size(*frame.size, max_pixels), Resampling.BICUBIC)
