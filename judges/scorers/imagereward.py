"""ImageReward: BLIP with a head that scores how well people like an image for its text."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from typing import Any

from ...harness.errors import UserError
from ...harness.items import Media, PointItem
from ...harness.media import load_image
from ...harness.registry import judge
from .blip import part, text_configuration, vision, vision_configuration
from .clip import described, load_tokenizer
from .features import Placement, Remembered, content, generated
from .files import Published, assembled, find, tensors
from .images import ImageScorer
from .transforms import cropped

_SETTINGS = "med_config.json"
_HEADS = 16  # of the image encoder, a ViT-L/16
_LAYERS = (0, 2, 4, 6, 7)  # the head's linear layers; between some of them was dropout
_LONGEST = 35
_MEAN, _STD = 0.16717362830052426, 1.0333394966054072
_REMEMBERED = 128
"""Pictures whose features are kept: each takes 197 x 1,024 numbers."""


@judge("imagereward")
@dataclass
class ImageReward(ImageScorer["Blip"]):
    """ImageReward of a generated image (Xu et al. 2023, arXiv 2304.05977).

    The score is that of the head, less its mean over the training data, over its deviation there;
    see https://github.com/zai-org/ImageReward.

    Args:
        path: folder, file or hub id of the checkpoint: ``ImageReward.safetensors`` or
            ``ImageReward.pt``, with ``med_config.json`` beside it.
        tokenizer: folder or hub id of BERT's tokenizer.

    Also takes the arguments of :class:`ImageScorer`.
    """

    path: str = "zai-org/ImageReward"
    tokenizer: str = "google-bert/bert-base-uncased"

    @cached_property
    def checkpoint(self) -> Published:
        """Where the checkpoint is; loads no weights."""
        names = ("ImageReward.safetensors", "ImageReward.pt")
        return find(self.path, self.revision, names, beside=(_SETTINGS,))

    def score(self, batch: Sequence[PointItem]) -> list[float]:
        """Score images, the higher the better.

        Raises:
            MediaError: an image cannot be used; the others' features are kept.
            UserError: the checkpoint cannot be loaded, or an item is no generated image.
        """
        pictures = generated(batch, "imagereward")
        found: list[float] = []
        for start in range(0, len(batch), self.batch_size):
            stop = start + self.batch_size
            texts = [item.prompt for item in batch[start:stop]]
            found += self.model.rewards(texts, pictures[start:stop])
        return [(reward - _MEAN) / _STD for reward in found]

    def identity(self) -> Mapping[str, object]:
        """What a score depends on; loads no weights.

        Raises:
            UserError: the checkpoint cannot be found.
        """
        return {
            "checkpoint": self.path,
            "weights": self.checkpoint.weights,
            "fingerprint": self.checkpoint.fingerprint,
            "tokenizer": described(self.tokenizer),
            "score": f"(reward - {_MEAN}) / {_STD}",
            "media": {"image": "shorter edge scaled (PIL bicubic), centre crop"},
            "dtype": self.placement.dtype,
        }

    def load(self) -> Blip:
        """The model with what it remembers; raises as :class:`ImageScorer` says."""
        file = self.checkpoint.file(self.checkpoint.weights)
        settings = self.checkpoint.file(_SETTINGS)
        try:
            med = json.loads(settings.read_text(encoding="utf-8"))
        except ValueError as error:
            raise UserError(f"{settings} is not valid JSON: {error}") from None
        placed = self.placement
        return load_blip(
            tensors(file), med, load_tokenizer(self.tokenizer), placed, self.batch_size, str(file)
        )


@dataclass(frozen=True)
class Blip:
    """ImageReward's model: an image encoder, a text encoder that looks at its output, a head.

    Args:
        eyes: a ``BlipVisionModel``.
        reader: a ``BlipTextModel``.
        head: the weight and bias of each linear layer.
        tokenizer: BERT's.
        batch_size: images encoded at a time.
    """

    eyes: Any
    reader: Any
    head: tuple[tuple[Any, Any], ...]
    tokenizer: Any
    batch_size: int

    def rewards(self, texts: Sequence[str], pictures: Sequence[Media]) -> list[float]:
        """What the head makes of each text that looks at its picture.

        Raises:
            MediaError: a picture cannot be used.
        """
        import torch
        from torch.nn.functional import linear

        seen = torch.stack(self.pictures.of(pictures)).to(self.eyes.device)
        inputs = self.tokenizer(
            list(texts),
            padding="max_length",
            truncation=True,
            max_length=_LONGEST,
            return_token_type_ids=False,
            return_tensors="pt",
        ).to(self.reader.device)
        with torch.inference_mode():
            read = self.reader(**inputs, encoder_hidden_states=seen).last_hidden_state
            hidden = read[:, 0].float()
            for weight, bias in self.head:
                hidden = linear(hidden, weight, bias)
        return [float(reward) for reward in hidden[:, 0]]

    @cached_property
    def pictures(self) -> Remembered[Media, Any, Any]:
        """What the image encoder makes of pictures."""
        pixels = partial(cropped, size=self.eyes.config.image_size)
        return Remembered(
            content,
            lambda media: pixels(load_image(media)),
            self._encode,
            self.batch_size,
            _REMEMBERED,
        )

    def _encode(self, pixels: list[Any]) -> Any:
        import torch

        stacked = torch.stack(pixels).to(self.eyes.device, self.eyes.dtype)
        with torch.inference_mode():
            return self.eyes(pixel_values=stacked).last_hidden_state.cpu()


def load_blip(
    state: Mapping[str, Any],
    settings: Mapping[str, Any],
    tokenizer: Any,
    placed: Placement,
    batch_size: int,
    source: str,
) -> Blip:
    """ImageReward's model, made of the tensors of its file.

    Raises:
        UserError: one is missing, or has another shape.
    """
    from transformers import BlipTextModel, BlipVisionModel

    seen = part(state, "blip.visual_encoder")
    config = vision_configuration(seen, heads=_HEADS, source=source)
    eyes = assembled(BlipVisionModel, vision(seen), source, config=config)
    reader = assembled(
        BlipTextModel,
        part(state, "blip.text_encoder"),
        source,
        config=text_configuration(settings, seen=config.hidden_size),
        add_pooling_layer=False,
    )
    names = [(f"mlp.layers.{layer}.weight", f"mlp.layers.{layer}.bias") for layer in _LAYERS]
    for name in (name for pair in names for name in pair):
        if name not in state:
            raise UserError(f"{source} lacks {name} of its head; download it again")
    head = tuple(
        (state[weight].float().to(placed.device), state[bias].float().to(placed.device))
        for weight, bias in names
    )
    return Blip(placed.put(eyes), placed.put(reader), head, tokenizer, batch_size)
