"""CLIPScore: how well CLIP's encoders agree that a text describes an image."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, partial

from ...harness.items import PointItem
from ...harness.registry import judge
from ..backends.checkpoints import Checkpoint
from .clip import Towers, checkpoint, load_clip, load_tokenizer
from .features import generated
from .images import ImageScorer
from .transforms import cropped

_WEIGHT = 2.5


@judge("clipscore")
@dataclass
class ClipScore(ImageScorer[Towers]):
    """CLIPScore of a generated image (Hessel et al. 2021, arXiv 2104.08718).

    The score is ``2.5 * max(cos(text, image), 0)`` with "A photo depicts " before the text, as in
    https://github.com/jmhessel/clipscore. Images are scaled and cut to the size of the model's.

    Args:
        path: folder or hub id of any CLIP checkpoint of transformers, with its tokenizer; the
            default is the paper's.
        prefix: what is put before the text; many reports of CLIPScore use none.

    Also takes the arguments of :class:`ImageScorer`.
    """

    path: str = "openai/clip-vit-base-patch32"
    prefix: str = "A photo depicts "

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
        pictures = generated(batch, "clipscore")
        cosines = self.model.cosines([self.prefix + item.prompt for item in batch], pictures)
        return [_WEIGHT * max(cosine, 0.0) for cosine in cosines]

    def identity(self) -> Mapping[str, object]:
        """What a score depends on; loads no weights.

        Raises:
            UserError: the checkpoint cannot be found.
        """
        return {
            "checkpoint": self.path,
            "fingerprint": self.checkpoint.fingerprint,
            "prefix": self.prefix,
            "score": f"{_WEIGHT} * max(cos(text, image), 0)",
            "media": {"image": "shorter edge scaled (PIL bicubic), centre crop"},
            "dtype": self.placement.dtype,
        }

    def load(self) -> Towers:
        """The model with what it remembers; raises as :class:`ImageScorer` says."""
        model = load_clip(self.checkpoint, self.placement)
        return Towers(
            model,
            load_tokenizer(self.checkpoint.source, self.checkpoint.revision),
            partial(cropped, size=model.config.vision_config.image_size),
            self.batch_size,
        )
