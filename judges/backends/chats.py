"""Chats as tensors: images and text of one user turn, written as the checkpoint's family does."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from PIL.Image import Image


@dataclass(frozen=True, slots=True)
class Chat:
    """One user turn: images, then text. ``seed`` matters only when sampling."""

    images: tuple[Image, ...]
    text: str
    seed: int = 0


def model_inputs(processor: Any, chats: Sequence[Chat]) -> Any:
    """The chats as one batch, padded as the processor pads, ready for the answer to follow."""
    controls = control_tokens(processor)
    images = [list(chat.images) for chat in chats]
    return processor(
        text=[_rendered(processor, chat, controls) for chat in chats],
        images=images if any(images) else None,
        padding=True,
        return_tensors="pt",
    )


def _rendered(processor: Any, chat: Chat, controls: re.Pattern[str]) -> str:
    turn = [{"type": "image"} for _ in chat.images]
    content = [*turn, {"type": "text", "text": harmless(chat.text, controls)}]
    rendered: str = processor.apply_chat_template(
        [{"role": "user", "content": content}], add_generation_prompt=True, tokenize=False
    )
    return rendered


def control_tokens(processor: Any) -> re.Pattern[str]:
    """A pattern of the tokens that steer the model, such as an image's place."""
    added = processor.tokenizer.added_tokens_decoder.values()
    names = sorted((t.content for t in added if t.special), key=len, reverse=True)
    return re.compile("|".join(map(re.escape, names)) or r"(?!)")


def harmless(text: str, controls: re.Pattern[str]) -> str:
    """The text with a space put into control tokens: in a question they are just text."""
    return controls.sub(lambda match: f"{match[0][0]} {match[0][1:]}", text)
