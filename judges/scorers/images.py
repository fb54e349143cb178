"""What the judges that score generated images have in common."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import ClassVar, Generic, TypeVar

from ...harness.judge import Supports
from ..backends.transformers import Dtype
from .features import Placement, at_least_one, placement

M = TypeVar("M")


@dataclass(kw_only=True)
class ImageScorer(ABC, Generic[M]):
    """A judge whose model is loaded by the first batch.

    Args:
        revision: branch, tag or commit of a hub checkpoint.
        device: auto, cpu, cuda, cuda:1, ...
        dtype: number format of the weights: auto, float32, bfloat16 or float16.
        batch_size: images scored at a time.

    Raises:
        UserError: a number is out of range.
    """

    revision: str | None = None
    device: str = "auto"
    dtype: Dtype = "auto"
    batch_size: int = 32

    engine: ClassVar[str] = "transformers"
    supports: ClassVar[Supports] = Supports(
        frozenset({"image"}), frozenset({"generation"}), order_free=True, pointwise=True
    )

    def __post_init__(self) -> None:
        at_least_one(batch_size=self.batch_size)
        self._model: M | None = None

    @abstractmethod
    def load(self) -> M:
        """The model.

        Raises:
            UserError: the checkpoint cannot be loaded.
        """

    @property
    def model(self) -> M:
        """The model, loaded once; raises as :meth:`load`."""
        if self._model is None:
            self._model = self.load()
        return self._model

    @property
    def placement(self) -> Placement:
        """Where the model runs, and in which number format."""
        return placement(self.device, self.dtype)

    def close(self) -> None:
        """Let go of the weights and the remembered features."""
        self._model = None
