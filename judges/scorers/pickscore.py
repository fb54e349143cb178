"""PickScore: CLIP ViT-H/14 tuned on what people chose on Pick-a-Pic."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from ...harness.errors import UserError
from ...harness.items import PointItem
from ...harness.registry import judge
from ..backends.checkpoints import Checkpoint
from .clip import Towers, checkpoint, described, load_clip, load_tokenizer
from .features import generated
from .images import ImageScorer


@judge("pickscore")
@dataclass
class PickScore(ImageScorer[Towers]):
    """PickScore of a generated image (Kirstain et al. 2023, arXiv 2305.01569).

    The score is ``exp(logit_scale) * cos(text, image)``, about 20 for the published checkpoint; see
    https://github.com/yuvalkirstain/PickScore.

    Args:
        path: folder or hub id of the checkpoint, a CLIP model of transformers.
        processor: folder or hub id of the tokenizer and of the image settings.

    Also takes the arguments of :class:`ImageScorer`.
    """

    path: str = "yuvalkirstain/PickScore_v1"
    processor: str = "laion/CLIP-ViT-H-14-laion2B-s32B-b79K"

    @cached_property
    def checkpoint(self) -> Checkpoint:
        """Where the checkpoint is; loads no weights."""
        return checkpoint(self.path, self.revision)

    def score(self, batch: Sequence[PointItem]) -> list[float]:
        """Score images, the higher the better.

        Raises:
            MediaError: an image cannot be used; the others' features are kept.
            UserError: the checkpoint cannot be loaded, or an item is no generated image.
        """
        pictures = generated(batch, "pickscore")
        cosines = self.model.cosines([item.prompt for item in batch], pictures)
        return [self.model.scale * cosine for cosine in cosines]

    def identity(self) -> Mapping[str, object]:
        """What a score depends on; loads no weights.

        Raises:
            UserError: the checkpoint cannot be found.
        """
        return {
            "checkpoint": self.path,
            "fingerprint": self.checkpoint.fingerprint,
            "processor": described(self.processor),
            "score": "exp(logit_scale) * cos(text, image)",
            "media": {"image": "the processor's own settings, on PIL"},
            "dtype": self.placement.dtype,
        }

    def load(self) -> Towers:
        """The model with what it remembers; raises as :class:`ImageScorer` says."""
        import torch
        from transformers import AutoImageProcessor

        model = load_clip(self.checkpoint, self.placement)
        try:
            images = AutoImageProcessor.from_pretrained(self.processor, backend="pil")
        except Exception as error:
            reason = " ".join(str(error).split())[:300]
            raise UserError(
                f"no image settings can be loaded from {self.processor} ({type(error).__name__}:"
                f" {reason}); check processor="
            ) from error
        return Towers(
            model,
            load_tokenizer(self.processor),
            lambda picture: torch.as_tensor(images(picture)["pixel_values"][0]),
            self.batch_size,
        )
