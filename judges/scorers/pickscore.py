"""PickScore: CLIP ViT-H/14 tuned on what people chose on Pick-a-Pic."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar

from ...harness.errors import UserError
from ...harness.items import PointItem
from ...harness.judge import Supports
from ...harness.registry import judge
from ..backends.checkpoints import Checkpoint
from ..backends.transformers import Dtype
from .clip import Towers, checkpoint, described, load_clip, load_tokenizer
from .features import at_least_one, generated, placement


@judge("pickscore")
@dataclass
class PickScore:
    """PickScore of a generated image (Kirstain et al. 2023, arXiv 2305.01569).

    The score is ``exp(logit_scale) * cos(text, image)``, about 20 for the published checkpoint; see
    https://github.com/yuvalkirstain/PickScore.

    Args:
        path: folder or hub id of the checkpoint, a CLIP model of transformers.
        revision: branch, tag or commit of a hub checkpoint.
        processor: folder or hub id of the tokenizer and of the image settings.
        device: auto, cpu, cuda, cuda:1, ...
        dtype: number format of the weights: auto, float32, bfloat16 or float16.
        batch_size: images scored at a time.

    Raises:
        UserError: a number is out of range.
    """

    path: str = "yuvalkirstain/PickScore_v1"
    revision: str | None = None
    processor: str = "laion/CLIP-ViT-H-14-laion2B-s32B-b79K"
    device: str = "auto"
    dtype: Dtype = "auto"
    batch_size: int = 32

    engine: ClassVar[str] = "transformers"
    supports: ClassVar[Supports] = Supports(
        frozenset({"image"}), frozenset({"generation"}), order_free=True, pointwise=True
    )

    def __post_init__(self) -> None:
        at_least_one(batch_size=self.batch_size)
        self._towers: Towers | None = None

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
        towers = self._towers = self._towers or self._load()
        cosines = towers.cosines([item.prompt for item in batch], pictures)
        return [towers.scale * cosine for cosine in cosines]

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
            "dtype": placement(self.device, self.dtype).dtype,
        }

    def close(self) -> None:
        """Let go of the weights and the remembered features."""
        self._towers = None

    def _load(self) -> Towers:
        import torch
        from transformers import AutoImageProcessor

        model = load_clip(self.checkpoint, placement(self.device, self.dtype))
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
