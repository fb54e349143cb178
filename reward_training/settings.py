"""The settings of a training run: a YAML file, checked field by field.

::

    model: {path: Qwen/Qwen2.5-VL-7B-Instruct}
    data:
      held_out: 0.02
      sources: {mine: {adapter: jsonl, data: preferences.jsonl}}
    training: {epochs: 1, batch_size: 2, accumulate: 16, learning_rate: 1.0e-5}
    evaluate: [{task: genai-bench-image, limit: 200}]
    output: runs/my-judge

Paths are relative to the file's folder.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Literal, Self, get_args

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from ..harness.errors import UserError
from ..harness.task import OrderPlan
from ..judges.backends.transformers import Dtype
from ..judges.pictures import MAX_PIXELS, Video
from ..judges.unifiedreward.presets import DIRECT
from .adapters import get_adapter
from .mixtures import Mixture, Source, load_mixture

ModelPart = Literal["vision", "projector", "language"]

WRITER = "transformers"
"""The judge that lets any vision-language checkpoint write."""


class Section(BaseModel):
    """A part of the settings; unknown ones are refused."""

    model_config = ConfigDict(extra="forbid", frozen=True, protected_namespaces=())


class ModelSettings(Section):
    """The checkpoint that training starts from.

    Args:
        path: local folder or hub id.
        revision: branch, tag or commit of a hub checkpoint.
        dtype: number format of the weights in memory; ``auto`` is bfloat16 for the frozen weights
            under LoRA where the device has it, and float32 otherwise, because small steps vanish
            in bfloat16.
        attention: attention implementation; the default is the model's own choice.
        trust_remote_code: run Python code that comes with the checkpoint.
    """

    path: str
    revision: str | None = None
    dtype: Dtype = "auto"
    attention: str | None = None
    trust_remote_code: bool = False


class RowSettings(Section):
    """Which rows are learnt: a mixture file, or the mixture itself; and how media are shown.

    Args:
        mixture: a mixture's file, or the name of a shipped one; the settings up to ``save_media``
            then replace the file's own.
        sources: the mixture's data sets, where no file is named.
        seed, size, held_out, balance, skip_bad, root, save_media: as in a mixture. ``skip_bad``
            also replaces a row whose media cannot be opened by the next one, with a warning.
        frames: frames of a video that are shown; give the judge the same.
        video: whether they are shown as images or as a video; give the judge the same.
        max_pixels: larger pictures are scaled down to so many pixels; give the judge the same.
    """

    mixture: str | None = None
    sources: dict[str, Source] | None = None
    seed: int | None = None
    size: int | None = Field(None, gt=0)
    held_out: float | None = Field(None, ge=0, lt=1)
    balance: bool | None = None
    skip_bad: bool | None = None
    root: Path | None = None
    save_media: Path | None = None
    frames: int = Field(DIRECT.frames, ge=1)
    video: Video = "frames"
    max_pixels: int = Field(MAX_PIXELS, ge=1)

    @field_validator("sources")
    @classmethod
    def _known(cls, sources: dict[str, Source] | None) -> dict[str, Source] | None:
        for name, source in (sources or {}).items():
            try:
                get_adapter(source.adapter or name)
            except UserError as error:
                raise ValueError(f"{name}: {error}") from None
            if broken := source.broken():
                raise ValueError(f"{name}: {' '.join(broken)}")
        return sources

    @model_validator(mode="after")
    def _one_mixture(self) -> Self:
        if (self.mixture is None) == (not self.sources):
            raise ValueError("name either a mixture or sources")
        return self

    def as_mixture(self) -> Mixture:
        """The mixture with the settings given here in place of its own."""
        names = ("seed", "size", "held_out", "balance", "skip_bad")
        given = {n: getattr(self, n) for n in names if getattr(self, n) is not None}
        if self.mixture is None:
            assert self.sources is not None
            mixture = Mixture(sources=self.sources, root=self.root or Path())
        else:
            mixture = load_mixture(self.mixture, self.root)
        if self.save_media is not None:
            given["save_media"] = mixture.root / self.save_media
        return replace(mixture, **given)

    @property
    def shown(self) -> dict[str, object]:
        """How media are shown, as a judge's arguments."""
        return {name: getattr(self, name) for name in ("frames", "video", "max_pixels")}


class DataSettings(RowSettings):
    """What a reward model learns, and how it is asked.

    Args:
        prompts: folder of templates that replace the judge's own.
        rationale: learn to write the rationale before the answer.
        two_way: share of decided pairs whose question offers no tie.
    """

    prompts: Path | None = None
    rationale: bool = False
    two_way: float = Field(0.25, ge=0, le=1)


class LoraSettings(Section):
    """Low-rank adapters, trained in place of the weights and merged into them at the end.

    Args:
        rank: rank of the adapters.
        alpha: their scale is alpha / rank.
        dropout: on their input.
        targets: names of the linear layers that get one (``q_proj``); the default is every linear
            layer that is not frozen, except the output layer.
    """

    rank: int = Field(16, ge=1)
    alpha: int = Field(32, gt=0)
    dropout: float = Field(0.0, ge=0, lt=1)
    targets: list[str] | None = None


class TrainingSettings(Section):
    """How it is learnt.

    Args:
        steps: optimizer steps; or
        epochs: passes over the training rows (a part of one is fine).
        batch_size: rows that one process computes at a time.
        accumulate: such batches of every process a step; a step learns from batch_size *
            accumulate * processes rows.
        learning_rate: its peak.
        schedule: how it goes on after the warm-up.
        warmup: steps over which it rises; below 1, a share of all steps.
        weight_decay: AdamW's.
        clip: largest gradient norm.
        bf16: compute in bfloat16; ``auto`` is where the device has it.
        gradient_checkpointing: compute activations twice rather than keep them.
        freeze: parts that are not trained.
        lora: train adapters rather than all weights.
        save_every: steps between checkpoints.
        keep: checkpoints kept.
        eval_every: steps between evaluations; the default is at the end only.
        log_every: steps between points of the curve.
        workers: processes that open media ahead, for each training process.
        seed: seeds adapters, dropout and the order of later epochs.
        wandb: log to Weights & Biases too.
    """

    steps: int | None = Field(None, ge=1)
    epochs: float | None = Field(None, gt=0)
    batch_size: int = Field(1, ge=1)
    accumulate: int = Field(1, ge=1)
    learning_rate: float = Field(1e-5, gt=0)
    schedule: Literal["cosine", "linear", "constant"] = "cosine"
    warmup: float = Field(0.03, ge=0)
    weight_decay: float = Field(0.0, ge=0)
    clip: float = Field(1.0, gt=0)
    bf16: Literal["auto", True, False] = "auto"
    gradient_checkpointing: bool = False
    freeze: list[ModelPart] = []
    lora: LoraSettings | None = None
    save_every: int = Field(200, ge=1)
    keep: int = Field(2, ge=2)
    eval_every: int | None = Field(None, ge=1)
    log_every: int = Field(10, ge=1)
    workers: int = Field(2, ge=0)
    seed: int = 0
    wandb: bool = False

    @model_validator(mode="after")
    def _one_length(self) -> Self:
        if (self.steps is None) == (self.epochs is None):
            raise ValueError("give either steps or epochs")
        if set(self.freeze) == set(get_args(ModelPart)):
            raise ValueError("freeze leaves nothing to train")
        return self


class EvaluationSettings(Section):
    """One benchmark that checkpoints are judged on, as ``unieval run`` would.

    Args:
        task: task, or group of tasks.
        data: ``hub``, ``demo``, or a path.
        limit: first items of each task.
        order: order of presentation; the default is both.
        seed: of presentation and of demo items.
        task_args: the task's arguments.
        batch_size: requests judged at a time.
        max_new_tokens: longest answer of a judge that writes; rationales need more.
    """

    task: str
    data: str = "hub"
    limit: int | None = Field(None, ge=1)
    order: OrderPlan | None = None
    seed: int = 0
    task_args: dict[str, object] = {}
    batch_size: int | None = Field(None, ge=1)
    max_new_tokens: int = Field(DIRECT.max_new_tokens, ge=1)


class CommonSettings(Section):
    """What every training run has.

    Args:
        model: where it starts.
        data: what is learnt.
        training: how.
        evaluate: benchmarks.
        output: folder that everything is written into.
    """

    model: ModelSettings
    data: RowSettings
    training: TrainingSettings
    evaluate: list[EvaluationSettings] = []
    output: Path

    def skipping_bad(self) -> Self:
        """The same, but rows that do not fit are left out."""
        data = self.data.model_copy(update={"skip_bad": True})
        return self.model_copy(update={"data": data})

    def judge(self) -> tuple[str, dict[str, object]]:
        """The judge that runs what is trained, and how it shows media: as in training."""
        return WRITER, self.data.shown


class Settings(CommonSettings):
    """The training of a reward model.

    Args:
        objective: ``generative`` learns to write the verdict, ``bradley_terry`` to score each
            candidate so that the better one scores higher.
        ties: what a Bradley-Terry model does with ties: ``pull`` their scores together or ``drop``
            them.
    """

    data: DataSettings
    objective: Literal["generative", "bradley_terry"] = "generative"
    ties: Literal["pull", "drop"] = "pull"

    def judge(self) -> tuple[str, dict[str, object]]:
        """The judge that runs what is trained, and how it shows media and asks: as in training."""
        if self.objective == "bradley_terry":
            return "bradley-terry", self.data.shown
        prompts = self.data.prompts
        asked: dict[str, object] = {} if prompts is None else {"prompts": str(prompts)}
        return WRITER, self.data.shown | asked
