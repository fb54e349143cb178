"""CLIP's two encoders: the cosine of a text and a picture, each encoded once."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ...harness.errors import UserError
from ...harness.items import Media
from ...harness.media import load_image
from ..backends.checkpoints import Checkpoint, folder_fingerprint, locate
from .features import Placement, Remembered, content
from .files import fingerprint, lacking
from .pretrained import pretrained

if TYPE_CHECKING:
    from PIL.Image import Image

_REMEMBERED = 16_384
"""Features kept of each kind: 64 MiB for 1,024 numbers each."""


@dataclass(frozen=True)
class Towers:
    """A CLIP model of transformers, with the features of the last texts and pictures.

    Args:
        model: a ``CLIPModel``.
        tokenizer: its tokenizer.
        pixels: what its image encoder takes of a picture; called on threads.
        batch_size: texts or pictures encoded at a time.
    """

    model: Any
    tokenizer: Any
    pixels: Callable[[Image], Any]
    batch_size: int

    def cosines(self, texts: Sequence[str], pictures: Sequence[Media]) -> list[float]:
        """The cosine of each text and its picture.

        Raises:
            MediaError: a picture cannot be used.
        """
        written = self.texts.of(texts)
        seen = self.pictures.of(pictures)
        return [float(text @ picture) for text, picture in zip(written, seen, strict=True)]

    @property
    def scale(self) -> float:
        """What the model multiplies cosines with."""
        return float(self.model.logit_scale.exp())

    @cached_property
    def texts(self) -> Remembered[str, str, Any]:
        """Features of texts, of length 1."""
        return Remembered(str, str, self._encode_texts, self.batch_size, _REMEMBERED)

    @cached_property
    def pictures(self) -> Remembered[Media, Any, Any]:
        """Features of pictures, of length 1."""
        return Remembered(
            content,
            lambda media: self.pixels(load_image(media)),
            self._encode_pictures,
            self.batch_size,
            _REMEMBERED,
        )

    def _encode_texts(self, texts: list[str]) -> Any:
        inputs = self.tokenizer(
            texts,
            # always as long as the model reads, so no text depends on the others of its batch
            padding="max_length",
            truncation=True,
            max_length=self.model.config.text_config.max_position_embeddings,
            return_tensors="pt",
        ).to(self.model.device)
        return self._encoded(self.model.get_text_features, dict(inputs))

    def _encode_pictures(self, pixels: list[Any]) -> Any:
        import torch

        stacked = torch.stack(pixels).to(self.model.device, self.model.dtype)
        return self._encoded(self.model.get_image_features, {"pixel_values": stacked})

    def _encoded(self, encode: Any, inputs: Mapping[str, Any]) -> Any:
        import torch
        from torch.nn.functional import normalize

        with torch.inference_mode():
            return normalize(encode(**inputs).pooler_output.float(), dim=-1).cpu()


def checkpoint(path: str, revision: str | None) -> Checkpoint:
    """Where a CLIP checkpoint of transformers is; loads no weights.

    Raises:
        UserError: there is none, or it is no CLIP model.
    """
    found = locate(path, revision)
    if found.config.get("model_type") != "clip":
        raise UserError(
            f"checkpoint {path} is no CLIP model (its type is '{found.config.get('model_type')}');"
            " give one that transformers loads as CLIPModel"
        )
    pickles = sorted(Path(found.source).glob("pytorch_model*.bin"))
    if not pickles or any(Path(found.source).glob("*.safetensors")):
        return found
    # the fingerprint of a folder covers only its safetensors files
    return replace(found, fingerprint=f"{found.fingerprint}+{fingerprint(pickles)}")


def load_clip(found: Checkpoint, placed: Placement) -> Any:
    """The model of a CLIP checkpoint, from its safetensors files if it has any.

    Raises:
        UserError: it is damaged, incomplete, or cannot be fetched.
    """
    from transformers import CLIPModel

    model, report = pretrained(CLIPModel, found, output_loading_info=True)
    if report["missing_keys"]:
        raise lacking(f"checkpoint {found.source}", "CLIPModel", sorted(report["missing_keys"]))
    return placed.put(model.eval().requires_grad_(False))


def described(source: str) -> str:
    """A tokenizer's or processor's folder with its fingerprint, or its hub id."""
    folder = Path(source).expanduser()
    return f"{source} ({folder_fingerprint(folder)})" if folder.is_dir() else source


def load_tokenizer(source: str, revision: str | None = None) -> Any:
    """The tokenizer at a folder or hub id.

    Raises:
        UserError: there is none, or it cannot be fetched.
    """
    from transformers import AutoTokenizer

    try:
        return AutoTokenizer.from_pretrained(source, revision=revision or "main")
    except Exception as error:
        reason = " ".join(str(error).split())[:300]
        raise UserError(
            f"no tokenizer can be loaded from {source} ({type(error).__name__}: {reason}); give a"
            " folder or hub id that has one"
        ) from error
