"""Chats as tensors: media and text of one user turn, written as the checkpoint's family does."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import chain, takewhile
from typing import TYPE_CHECKING, Any

from ...harness.errors import UserError

if TYPE_CHECKING:
    from PIL.Image import Image


TemplateArguments = tuple[tuple[str, bool], ...]
"""Settings of a checkpoint's chat template by name, such as ``(("enable_thinking", False),)``."""


@dataclass(frozen=True, slots=True)
class Clip:
    """A video: frames of one size, evenly spread from its first to its last, and ``fps`` of them
    to a second of it.
    """

    frames: tuple[Image, ...]
    fps: float


@dataclass(frozen=True, slots=True)
class Chat:
    """One user turn: images, clips and texts in order. ``seed`` matters only when sampling."""

    parts: tuple[Image | Clip | str, ...]
    seed: int = 0

    @property
    def text(self) -> str:
        """The texts, one after the other."""
        return "".join(part for part in self.parts if isinstance(part, str))

    @property
    def media(self) -> tuple[Image | Clip, ...]:
        """The images and clips."""
        return tuple(part for part in self.parts if not isinstance(part, str))

    @property
    def images(self) -> tuple[Image, ...]:
        """The images."""
        return tuple(part for part in self.media if not isinstance(part, Clip))

    @property
    def clips(self) -> tuple[Clip, ...]:
        """The clips."""
        return tuple(part for part in self.media if isinstance(part, Clip))


def model_inputs(processor: Any, chats: Sequence[Chat]) -> Any:
    """The chats as one batch, padded as the processor pads, ready for the answer to follow.

    Raises:
        UserError: a chat has a clip, and there is no way to show the checkpoint one.
    """
    texts = written(processor, chats)
    return processed(processor, chats, texts, padding=True, return_tensors="pt")


def placed(inputs: Any, model: Any) -> Any:
    """The tensors of :func:`model_inputs` on the model's device, pixels in its number format."""
    # seconds decide positions, which half precision would shift from what training saw
    times = {name: inputs.pop(name) for name in ("second_per_grid_ts",) if name in inputs}
    moved = inputs.to(model.device, dtype=model.dtype)
    moved.update({name: time.to(model.device) for name, time in times.items()})
    return moved


def written(processor: Any, chats: Sequence[Chat]) -> list[str]:
    """The chats as the checkpoint's chat template writes them, up to where the answer starts."""
    family = _family(processor)
    return _render(processor, [_turn(family, chat) for chat in chats], add_generation_prompt=True)


def written_answers(
    processor: Any, chats: Sequence[Chat], texts: Sequence[str], answers: Sequence[str]
) -> list[str]:
    """The answers to the chats, as the chat template writes them, to the end of their turn.

    Args:
        processor: the checkpoint's.
        chats: what is asked.
        texts: the same, as :func:`written`.
        answers: one for each chat.
    """
    family = _family(processor)
    turns = [
        [*_turn(family, chat), {"role": "assistant", "content": [family.text(answer)]}]
        for chat, answer in zip(chats, answers, strict=True)
    ]
    whole = _render(processor, turns)
    return [_beyond(*pair) for pair in zip(texts, whole, strict=True)]


def answer_texts(processor: Any, answers: Sequence[str]) -> list[str]:
    """Answers as a checkpoint generates them: what follows the chat, to the end of the turn.

    What a chat template itself writes before an answer, besides the start of the turn, is part of
    it. Where a template starts a finished turn in another way than one that is to be answered, the
    answer follows the latter as it is.
    """
    family = _family(processor)
    (start,) = _render(processor, [_turn(family, Chat(("?",)))], add_generation_prompt=True)
    texts = []
    for answer in answers:
        said = family.text(answer)
        reply = {"role": "assistant", "content": [said]}
        (whole,) = _render(processor, [[*_turn(family, Chat(("?",))), reply]])
        if whole.startswith(start):
            texts.append(whole[len(start) :])
        else:
            texts.append(said["text"] + whole.rpartition(said["text"])[2])
    return texts


def processed(processor: Any, chats: Sequence[Chat], texts: Sequence[str], **options: Any) -> Any:
    """What the processor makes of the chats' media, and of their texts as :func:`written`.

    Without options, rows of tokens are lists that are not padded.

    Raises:
        UserError: as :func:`model_inputs`.
    """
    images = [list(chat.images) for chat in chats]
    return processor(
        text=list(texts),
        images=images if any(images) else None,
        add_special_tokens=adds_special_tokens(processor, texts[0]),
        **_videos(processor, list(chain.from_iterable(chat.clips for chat in chats))),
        **options,
    )


def adds_special_tokens(processor: Any, text: str) -> bool:
    """Whether the tokenizer writes the very first token: it must not where the template does."""
    start = processor.tokenizer.bos_token
    return start is None or not text.startswith(start)


def _videos(processor: Any, clips: Sequence[Clip]) -> dict[str, Any]:
    """Clips as the processor's arguments."""
    if not clips:
        return {}
    check_videos(processor)
    return {
        "videos": [stacked(clip) for clip in clips],
        "video_metadata": [timing(clip) for clip in clips],
        "do_sample_frames": False,
    }


def check_videos(processor: Any) -> None:
    """See that the processor takes clips.

    Raises:
        UserError: it does not.
    """
    if getattr(processor, "video_processor", None) is None:
        raise UserError(
            f"videos cannot be shown as such to the family of {type(processor).__name__}; leave"
            " video=frames, which shows them as pictures"
        )


def stacked(clip: Clip) -> Any:
    """The clip's pixels (frames, height, width, channels)."""
    import numpy as np

    return np.stack([np.asarray(frame) for frame in clip.frames])


def timing(clip: Clip) -> Any:
    """The clip as a video of just its frames, the first at its start and the last at its end."""
    from transformers.video_utils import VideoMetadata

    count = len(clip.frames)
    step = count / max(1, count - 1)
    return VideoMetadata(
        total_num_frames=count,
        fps=clip.fps,
        duration=count / clip.fps,
        frames_indices=[i * step for i in range(count)],
    )


def _turn(family: _Family, chat: Chat) -> list[dict[str, Any]]:
    return [{"role": "user", "content": family.content(chat)}]


def _render(processor: Any, turns: list[Any], **options: bool) -> list[str]:
    texts: list[str] = processor.apply_chat_template(turns, tokenize=False, **options)
    return texts


def _beyond(text: str, whole: str) -> str:
    """What a finished turn has beyond the text before the answer."""
    if whole.startswith(text):
        return whole[len(text) :]
    # some families begin an answer with more than they leave of it in a finished turn
    shared = takewhile(lambda pair: pair[0] == pair[1], zip(text, whole, strict=False))
    return whole[sum(1 for _ in shared) :]


@dataclass(frozen=True, slots=True)
class _Family:
    """How a checkpoint's chat template treats a turn.

    ``controls``: a pattern of the tokens that steer the model, such as an image's place.
    ``ordered``: it leaves media where they are among texts; others put images first, then videos.
    """

    controls: re.Pattern[str]
    ordered: bool
    tokens: dict[str, str | None]

    def content(self, chat: Chat) -> list[dict[str, str]]:
        """The turn's parts as blocks that the chat template writes in their order."""
        blocks = [self._block(part) for part in chat.parts]
        kinds = [block["type"] for block in blocks]
        if self.ordered or kinds == sorted(kinds, key=_ORDER.index):
            return blocks
        return [{"type": "text", "text": "".join(map(self._inline, blocks))}]

    def text(self, text: str) -> dict[str, str]:
        """A block of text, with a space put into control tokens: there they are just text."""
        plain = self.controls.sub(lambda match: f"{match[0][0]} {match[0][1:]}", text)
        return {"type": "text", "text": plain}

    def _block(self, part: Image | Clip | str) -> dict[str, str]:
        if isinstance(part, str):
            return self.text(part)
        return {"type": "video" if isinstance(part, Clip) else "image"}

    def _inline(self, block: dict[str, str]) -> str:
        written = block.get("text", self.tokens.get(block["type"]))
        if written is None:
            raise UserError(
                "the checkpoint's chat template writes all media before the text; use prompt"
                " templates that place none"
            )
        return written


_ORDER = ("image", "video", "text")


@lru_cache(maxsize=2)
def _family(processor: Any) -> _Family:
    added = processor.tokenizer.added_tokens_decoder.values()
    names = sorted((t.content for t in added if t.special), key=len, reverse=True)
    tokens = {kind: getattr(processor, f"{kind}_token", None) for kind in ("image", "video")}
    controls = re.compile("|".join(map(re.escape, names)) or r"(?!)")
    return _Family(controls, _keeps_order(processor), tokens)


def _keeps_order(processor: Any) -> bool:
    """Whether the chat template writes something between texts for an image between them."""
    before, after = {"type": "text", "text": "before"}, {"type": "text", "text": "after"}
    contents = [before, after], [before, {"type": "image"}, after]
    turns = [[{"role": "user", "content": content}] for content in contents]
    without, with_image = (
        text.partition("before")[2].partition("after")[0] for text in _render(processor, turns)
    )
    return without != with_image
