"""Chats as vLLM takes them: token ids, scaled media, and what tells media apart."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from .chats import Chat, Clip, adds_special_tokens, check_videos, stacked, timing, written
from .choosing import Tokens
from .inputs import content

if TYPE_CHECKING:
    from PIL.Image import Image


@dataclass(frozen=True, slots=True, eq=False)
class Prompt:
    """A chat as vLLM takes it.

    Args:
        tokens: token ids up to where the answer starts, with one for each medium.
        media: images and clips by kind.
        names: what tells each of them apart from others.
        seed: for sampling.
        size: about how many tokens it is long.
    """

    tokens: list[int]
    media: Mapping[str, list[Any]]
    names: Mapping[str, list[str]]
    seed: int
    size: int

    def then(self, tokens: Tokens = ()) -> dict[str, Any]:
        """The chat, and the first tokens of an answer."""
        made: dict[str, Any] = {"prompt_token_ids": [*self.tokens, *tokens]}
        if self.media:
            made |= {"multi_modal_data": self.media, "multi_modal_uuids": self.names}
        return made


def prompt_of(processor: Any, chat: Chat) -> Prompt:
    """The chat, written and scaled as the processor would.

    Raises:
        UserError: the checkpoint cannot be shown the chat's media.
    """
    (text,) = written(processor, [chat])
    made = processor.tokenizer(text, add_special_tokens=adds_special_tokens(processor, text))
    tokens: list[int] = made["input_ids"]
    images = [_scaled(processor.image_processor, image) for image in chat.images]
    if chat.clips:
        check_videos(processor)
    clips = [_scaled_clip(processor.video_processor, clip) for clip in chat.clips]
    media: dict[str, list[Any]] = {
        "image": images,
        "video": [(stacked(clip), _timing(clip)) for clip in clips],
    }
    names = {
        "image": [content(image).hex() for image in images],
        "video": [f"{content(*clip.frames).hex()} {clip.fps}" for clip in clips],
    }
    frames = (frame for clip in clips for frame in clip.frames)
    pixels = sum(picture.width * picture.height for picture in (*images, *frames))
    return Prompt(
        tokens,
        {kind: each for kind, each in media.items() if each},
        {kind: each for kind, each in names.items() if each},
        chat.seed,
        len(tokens) + pixels // (28 * 28),
    )


def _scaled(images: Any, picture: Image) -> Image:
    """The picture in the size in which Qwen-VL's processor shows it.

    vLLM's own processor scales with other code, whose pixels differ a little; so nothing is left
    for it to scale. Other families cut pictures up, which is left to it.
    """
    if type(images).__name__ != "Qwen2VLImageProcessorPil":
        return picture
    from transformers.models.qwen2_vl.image_processing_pil_qwen2_vl import smart_resize

    def size(height: int, width: int) -> tuple[int, int]:
        height, width = smart_resize(
            height,
            width,
            factor=images.patch_size * images.merge_size,
            min_pixels=images.size["shortest_edge"],
            max_pixels=images.size["longest_edge"],
        )
        return height, width

    height, width = size(picture.height, picture.width)
    # where little lies between the fewest and the most pixels, it would be scaled once more
    if picture.size == (width, height) or size(height, width) != (height, width):
        return picture
    return picture.convert("RGB").resize((width, height), images.resample)


def _scaled_clip(videos: Any, clip: Clip) -> Clip:
    """The clip with its frames as :func:`_scaled`, where a frame's size does not hang on others."""
    if getattr(videos, "whole", True):
        return clip
    return Clip(tuple(_scaled(videos.images, frame) for frame in clip.frames), clip.fps)


def _timing(clip: Clip) -> dict[str, Any]:
    """What vLLM is told of a clip's frames: they are all to be shown."""
    return {**timing(clip), "do_sample_frames": False}
