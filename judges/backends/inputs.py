"""Chats made ready for a model on worker threads: token ids, and each medium prepared once."""

from __future__ import annotations

import re
from collections import OrderedDict
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from hashlib import blake2b
from threading import Lock
from typing import TYPE_CHECKING, Any

from ...harness.errors import UserError
from .chats import Chat, Clip, adds_special_tokens, check_videos, model_inputs, written
from .families import Family, family_of
from .media import Medium, Shown

if TYPE_CHECKING:
    from PIL.Image import Image


@dataclass(frozen=True, slots=True, eq=False)
class Prepared:
    """A chat made ready.

    Args:
        chat: what is asked; only its seed where the family is known.
        tokens: the token ids up to where the answer starts.
        images: its images in the order in which they are shown.
        clips: its clips in that order.
        size: about how many tokens it is long.
    """

    chat: Chat
    tokens: list[int]
    images: tuple[Shown, ...]
    clips: tuple[Shown, ...]
    size: int

    @property
    def media(self) -> tuple[Medium, ...]:
        """What its images and clips show."""
        return tuple(part.medium for part in (*self.images, *self.clips))


class Preparation:
    """Makes chats ready; safe to use from many threads.

    Args:
        processor: the checkpoint's.
        kept: how many bytes of prepared media are remembered for chats that show them again.
    """

    def __init__(self, processor: Any, kept: int = 512 << 20) -> None:
        self.processor = processor
        self.family: Family | None = family_of(processor)
        self._media = Once(kept)
        tokens = (getattr(processor, f"{kind}_token", None) for kind in ("image", "video"))
        self._places = re.compile("|".join(re.escape(token) for token in tokens if token))

    def __call__(self, chat: Chat) -> Prepared:
        """The chat made ready.

        A chat for a family that is not known stays as it is: the processor sees the whole batch.

        Raises:
            UserError: the checkpoint cannot be shown the chat's media.
        """
        if self.family is None:
            return Prepared(chat, [], (), (), _guessed_size(chat))
        (text,) = written(self.processor, [chat])
        media = [self._shown(self.family, part, len(chat.images)) for part in chat.media]
        tokenized = self.processor.tokenizer(
            self._expanded(text, chat, [place for place, _ in media]),
            add_special_tokens=adds_special_tokens(self.processor, text),
        )
        tokens: list[int] = tokenized["input_ids"]
        shown = [each for _, each in media]
        return Prepared(
            Chat((), chat.seed),
            tokens,
            tuple(each for each in shown if each.medium.kind == "image"),
            tuple(each for each in shown if each.medium.kind == "video"),
            len(tokens),
        )

    def tokens(self, batch: Sequence[Prepared]) -> dict[str, Any]:
        """Token ids of chats, padded on the left, and what is said of each token."""
        import torch

        length = max(len(prepared.tokens) for prepared in batch)
        ids = torch.full((len(batch), length), self.processor.tokenizer.pad_token_id)
        mask = torch.zeros_like(ids)
        for row, prepared in enumerate(batch):
            start = length - len(prepared.tokens)
            ids[row, start:] = torch.tensor(prepared.tokens)
            mask[row, start:] = 1
        found = {"input_ids": ids, "attention_mask": mask}
        if getattr(self.processor, "return_mm_token_type_ids", False):
            images, videos = (
                torch.isin(ids, torch.tensor(known))
                for known in (self.processor.image_token_ids, self.processor.video_token_ids)
            )
            found["mm_token_type_ids"] = images.long() + 2 * videos.long()
        return found

    def forget(self) -> None:
        """Drop the prepared media."""
        self._media.forget()

    def _shown(self, family: Family, part: Image | Clip, images: int) -> tuple[str, Shown]:
        """The text that holds a medium's place, and the medium."""
        if isinstance(part, Clip):
            check_videos(self.processor)
            key = b"video" + content(*part.frames)
            medium = self._media(key, lambda: Medium(key, "video", family.clip(part)))
            place, seconds = family.written(medium, part)
            return place, Shown(medium, seconds)
        tiled = family.tiles(images)
        key = (b"tiled" if tiled else b"image") + content(part)
        medium = self._media(key, lambda: Medium(key, "image", family.image(part, tiled), tiled))
        place, _ = family.written(medium, None)
        return place, Shown(medium)

    def _expanded(self, text: str, chat: Chat, places: Sequence[str]) -> str:
        """The text with what holds each medium's place instead of a single token for it."""
        kinds: dict[bool, Iterator[str]] = {
            video: iter(
                [p for p, m in zip(places, chat.media, strict=True) if isinstance(m, Clip) is video]
            )
            for video in (False, True)
        }
        token = getattr(self.processor, "video_token", None)
        whole, count = self._places.subn(lambda match: next(kinds[match[0] == token]), text)
        if count != len(places):
            raise UserError(
                f"the checkpoint's chat template shows {count} of {len(places)} media; give one"
                " that writes every image and video of a turn"
            )
        return whole


def whole_inputs(preparation: Preparation, batch: Sequence[Prepared]) -> Any:
    """The tensors that the processor makes of the chats as one batch, pixels and all.

    Raises:
        UserError: a chat's clips cannot be shown, or not together.
    """
    from transformers import BatchFeature

    family = preparation.family
    if family is None:
        return model_inputs(preparation.processor, [prepared.chat for prepared in batch])
    images = [shown for prepared in batch for shown in prepared.images]
    clips = [shown for prepared in batch for shown in prepared.clips]
    pixels = family.pixels([prepared.images for prepared in batch], clips)
    return BatchFeature({**preparation.tokens(batch), **family.places(images, clips), **pixels})


def content(*pictures: Image) -> bytes:
    """A hash of pictures' pixels."""
    digest = blake2b(digest_size=16)
    for picture in pictures:
        digest.update(f"{picture.mode} {picture.size};".encode())
        plain = picture if picture.mode in ("RGB", "L") else picture.convert("RGBA")
        digest.update(plain.tobytes())
    return digest.digest()


class Once:
    """Makes each medium once, though several threads ask for it at once; remembers the latest.

    Args:
        bound: how many bytes are remembered.
    """

    def __init__(self, bound: int) -> None:
        self._bound, self._bytes = bound, 0
        self._lock = Lock()
        self._kept: OrderedDict[bytes, Future[Medium]] = OrderedDict()

    def __call__(self, key: bytes, make: Callable[[], Medium]) -> Medium:
        """What was made of that key; who asks first makes it, and others wait."""
        with self._lock:
            known = self._kept.get(key)
            found = self._kept[key] = known or Future()
            self._kept.move_to_end(key)
        if known is None:
            self._make(key, found, make)
        return found.result()

    def forget(self) -> None:
        """Drop everything."""
        with self._lock:
            self._kept.clear()
            self._bytes = 0

    def _make(self, key: bytes, found: Future[Medium], make: Callable[[], Medium]) -> None:
        try:
            made = make()
        except BaseException as error:
            with self._lock:
                if self._kept.get(key) is found:
                    del self._kept[key]
            found.set_exception(error)
            return
        with self._lock:
            found.set_result(made)
            if self._kept.get(key) is found:
                self._bytes += made.bytes
            while self._bytes > self._bound and len(self._kept) > 1:
                _, oldest = self._kept.popitem(last=False)
                # one still being made is not counted yet
                self._bytes -= oldest.result().bytes if oldest.done() else 0


def _guessed_size(chat: Chat) -> int:
    """About how many tokens a chat is long."""
    frames = (frame for clip in chat.clips for frame in clip.frames)
    pixels = sum(image.width * image.height for image in (*chat.images, *frames))
    return len(chat.text) // 4 + pixels // (28 * 28)
