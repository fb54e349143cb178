"""HPSv2: CLIP ViT-H/14 tuned on the Human Preference Dataset v2."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from typing import Literal

from ...harness.items import PointItem
from ...harness.registry import judge
from .clip import Towers, described, load_tokenizer
from .features import generated
from .files import Published, assembled, find, tensors
from .images import ImageScorer
from .open_clip import configuration, converted
from .transforms import fitted

_SCALE = 100
_HEADS = 16  # of both encoders of ViT-H/14


@judge("hpsv2")
@dataclass
class HPSv2(ImageScorer[Towers]):
    """HPSv2 or HPSv2.1 of a generated image (Wu et al. 2023, arXiv 2306.09341).

    The score is ``100 * cos(text, image)``, the scale of the published tables; the package's own
    ``hpsv2.score`` returns the cosine. See https://github.com/tgxs002/HPSv2. Scores of v2.0 and
    v2.1 do not compare.

    Args:
        path: folder, file or hub id of the checkpoint, an open_clip ViT-H/14. In a folder the file
            is called ``HPS_v2.1_compressed`` (of v2.0: ``HPS_v2_compressed``), ``.safetensors`` or
            ``.pt``.
        version: v2.1 or v2.0; which of the two files is read.
        tokenizer: folder or hub id of CLIP's tokenizer.

    Also takes the arguments of :class:`ImageScorer`.
    """

    path: str = "xswu/HPSv2"
    version: Literal["v2.1", "v2.0"] = "v2.1"
    tokenizer: str = "laion/CLIP-ViT-H-14-laion2B-s32B-b79K"

    @cached_property
    def checkpoint(self) -> Published:
        """Where the checkpoint is; loads no weights."""
        stem = "HPS_v2_compressed" if self.version == "v2.0" else f"HPS_{self.version}_compressed"
        return find(self.path, self.revision, (f"{stem}.safetensors", f"{stem}.pt"))

    def score(self, batch: Sequence[PointItem]) -> list[float]:
        """Score images, the higher the better.

        Raises:
            MediaError: an image cannot be used; the others' features are kept.
            UserError: the checkpoint cannot be loaded, or an item is no generated image.
        """
        pictures = generated(batch, "hpsv2")
        cosines = self.model.cosines([item.prompt for item in batch], pictures)
        return [_SCALE * cosine for cosine in cosines]

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
            "score": f"{_SCALE} * cos(text, image)",
            "media": {"image": "longer edge scaled (bicubic, antialiased), the rest black"},
            "dtype": self.placement.dtype,
        }

    def load(self) -> Towers:
        """The model with what it remembers; raises as :class:`ImageScorer` says."""
        from transformers import CLIPModel

        file = self.checkpoint.file(self.checkpoint.weights)
        state = tensors(file)
        config = configuration(state, heads=(_HEADS, _HEADS), source=str(file))
        model = assembled(CLIPModel, converted(state), str(file), config=config)
        return Towers(
            self.placement.put(model),
            load_tokenizer(self.tokenizer),
            partial(fitted, size=config.vision_config.image_size),
            self.batch_size,
        )
