"""The settings of ``unieval dpo understanding``: a YAML file, checked field by field.

::

    model: {path: Qwen/Qwen2.5-VL-7B-Instruct}
    data: {path: preferences, held_out: 0.05}
    dpo: {beta: 0.1}
    training: {epochs: 1, accumulate: 32, learning_rate: 5.0e-6, lora: {rank: 64, alpha: 128}}
    output: runs/aligned

Paths are relative to the file's folder.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Literal, Self

from pydantic import Field, model_validator

from ...reward_training.mixtures import Mixture
from ...reward_training.settings import CommonSettings, RowSettings, Section, TrainingSettings

Loss = Literal[
    "sigmoid",
    "ipo",
    "hinge",
    "robust",
    "exo_pair",
    "nca_pair",
    "bco_pair",
    "sppo_hard",
    "aot",
    "aot_unpaired",
    "apo_zero",
    "apo_down",
    "discopop",
    "sigmoid_norm",
]
Reference = Literal["adapter", "copy", "precomputed"]

_SMOOTHED = ("sigmoid", "robust", "exo_pair", "aot", "aot_unpaired")


class PairSettings(RowSettings):
    """Which pairs of answers are learnt, and how media are shown.

    Args:
        path: folder or file of pairs of answers; short for a source with the adapter
            ``answer-pairs``. Or a mixture or sources, as a reward model's.
        media: the folder that media paths in it are relative to; the default is its own.
    """

    path: str | None = None
    media: str | None = None

    @model_validator(mode="before")
    @classmethod
    def _path_is_a_source(cls, given: Any) -> Any:
        if not isinstance(given, dict) or given.get("path") is None or given.get("sources"):
            return given
        source = {"adapter": "answer-pairs", "data": given["path"], "media": given.get("media")}
        return {**given, "sources": {"pairs": source}}

    @model_validator(mode="after")
    def _one_place(self) -> Self:
        if self.path is not None and set(self.sources or {}) != {"pairs"}:
            raise ValueError("name either a path or sources")
        if self.media is not None and self.path is None:
            raise ValueError("media belongs to path; a source has a media of its own")
        return self

    def as_mixture(self) -> Mixture:
        """The mixture; which answer comes first is of no matter."""
        return replace(super().as_mixture(), balance=False)


class DpoSettings(Section):
    """What is optimized.

    Args:
        beta: how much a departure from the reference costs; for ``ipo`` its tau.
        loss: TRL's losses by their names there.
        label_smoothing: share of pairs that are taken to be labelled the wrong way round. With
            ``sigmoid`` the loss is then the expectation over both labels (Mitchell 2023,
            "conservative DPO"), with ``robust`` its unbiased correction (Chowdhury et al. 2024);
            ``exo_pair``, ``aot`` and ``aot_unpaired`` have one too.
        sft: weight of the chosen answers' cross-entropy (mean of a batch's tokens) in the loss.
        reference: where the log-probabilities under the start come from: ``adapter`` switches LoRA
            off, ``copy`` keeps a second model, ``precomputed`` computes them all beforehand. The
            default is ``adapter`` with LoRA and ``copy`` without.
    """

    beta: float = Field(0.1, gt=0)
    loss: Loss = "sigmoid"
    label_smoothing: float = Field(0.0, ge=0, lt=0.5)
    sft: float = Field(0.0, ge=0)
    reference: Reference | None = None

    @model_validator(mode="after")
    def _smooths(self) -> Self:
        if self.label_smoothing and self.loss not in _SMOOTHED:
            raise ValueError(
                f"label_smoothing has no meaning for loss {self.loss}; it has for"
                f" {', '.join(_SMOOTHED)}"
            )
        if self.loss == "exo_pair" and not self.label_smoothing:
            raise ValueError("loss exo_pair needs label_smoothing, such as 1e-3")
        return self

    @property
    def by_batch(self) -> bool:
        """Whether the loss depends on which pairs are computed together."""
        return self.sft > 0 or self.loss in ("aot", "aot_unpaired")

    def weighted(self) -> tuple[list[str], list[float]]:
        """TRL's losses, and the weight of each in the sum.

        TRL smooths no labels of ``sigmoid``. With x the scaled difference of log-ratios, e the
        smoothing, S = -log sigmoid(x) its ``sigmoid`` and R = ((1 - e) S + e log sigmoid(-x)) /
        (1 - 2e) its ``robust``, conservative DPO is
        (1 - e) S - e log sigmoid(-x) = 2 (1 - e) S - (1 - 2e) R.
        """
        kinds: list[str] = [self.loss]
        weights = [1.0]
        if self.loss == "sigmoid" and self.label_smoothing:
            kinds.append("robust")
            weights = [2 * (1 - self.label_smoothing), -(1 - 2 * self.label_smoothing)]
        if self.sft:
            kinds.append("sft")
            weights.append(self.sft)
        return kinds, weights


class DpoTrainingSettings(TrainingSettings):
    """How it is learnt; the defaults of rate and warm-up are UnifiedReward's for full training.

    Args:
        learning_rate: its peak. LoRA takes about ten times as much.
        warmup: steps over which it rises; below 1, a share of all steps.
    """

    learning_rate: float = Field(5e-7, gt=0)
    warmup: float = Field(0.3, ge=0)


class Settings(CommonSettings):
    """The alignment of a model that answers questions about images or videos.

    Args:
        model: where it starts, which is the reference too.
        data: pairs of answers.
        dpo: what is optimized.
        training: how.
        evaluate: benchmarks on which the model is asked to judge, before and after.
        output: folder that everything is written into.
    """

    data: PairSettings
    dpo: DpoSettings = DpoSettings.model_validate({})
    training: DpoTrainingSettings

    @model_validator(mode="after")
    def _has_a_reference(self) -> Self:
        if self.reference == "adapter" and self.training.lora is None:
            raise ValueError("dpo.reference: adapter needs training.lora; say copy or precomputed")
        return self

    @property
    def reference(self) -> Reference:
        """Where the reference's log-probabilities come from."""
        if self.dpo.reference is not None:
            return self.dpo.reference
        return "copy" if self.training.lora is None else "adapter"
