"""TRL's DPO trainer for vision-language models, its batches and checkpoints made here.

The loss is that of Rafailov et al. 2023, equation 7: with the log-probabilities of whole answers,
``-log sigmoid(beta * ((log p(chosen) - log r(chosen)) - (log p(rejected) - log r(rejected))))``,
p the model in training and r the reference, which is the checkpoint that training starts from.

``kl`` is logged beside TRL's numbers: the mean of log r(answer) - log p(answer) over chosen and
rejected answers, in nats an answer. It estimates KL(r || p) as far as the pairs are answers of the
reference itself, as ``unieval build-preferences`` makes them; being the best and the worst of
several they are no fair sample, so it can be below zero.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from datasets import Dataset
from trl.trainer.dpo_config import DPOConfig
from trl.trainer.dpo_trainer import DPOTrainer

from ...judges.backends.checkpoints import Checkpoint
from ...reward_training.batches import numbered
from ...reward_training.checkpoints import Checkpointed
from ...reward_training.models import load_model, load_whole, processor_of
from ...reward_training.preferences import Preference
from ...reward_training.rows import Opened
from .batches import PairBatches, Pairs
from .reference import FILE, precomputed
from .settings import Settings


def arguments(settings: Settings, **given: Any) -> Any:
    """TRL's arguments: rows are never cut."""
    kinds, weights = settings.dpo.weighted()
    lora = settings.training.lora
    return DPOConfig(
        **given,
        max_length=None,
        beta=settings.dpo.beta,
        loss_type=kinds,
        loss_weights=weights,
        label_smoothing=settings.dpo.label_smoothing,
        # it would switch the adapters' own dropout off, too
        disable_dropout=lora is None or lora.dropout == 0,
        precompute_ref_log_probs=settings.reference == "precomputed",
    )


def trainer(
    settings: Settings,
    arguments: Any,
    start: Checkpoint,
    checkpoint: Path | None,
    rows: Sequence[Preference],
    order: Sequence[int],
    held_out: Sequence[Preference],
    skip_bad: bool,
) -> Any:
    """The trainer, model and reference loaded; learns ``rows`` in the given order.

    Raises:
        UserError: the checkpoint does not fit.
    """
    processor = processor_of(settings, start)
    everything = [*rows, *held_out]
    batches = PairBatches(Opened(everything, Pairs(settings.data), skip_bad), processor)
    beforehand, adapted = settings.reference == "precomputed", settings.training.lora is not None
    kind, numbers = (_Precomputed, _plain) if beforehand else (_Trainer, numbered)
    made: Any = kind(
        model=load_model(settings, start, checkpoint),
        ref_model=_copy(settings, start),
        args=arguments,
        train_dataset=numbers(order),
        eval_dataset=numbers(range(len(rows), len(everything))) if held_out else None,
        processing_class=processor,
        data_collator=batches,
    )
    made.start = start
    if adapted and "ref" in made.model.peft_config:
        # TRL keeps a copy of the adapters it is given as the reference. After a resume that would
        # be those in training; without it the reference is the model with adapters switched off.
        made.model.delete_adapter("ref")
    if beforehand:
        at_start = checkpoint is None or adapted
        file = settings.output / FILE
        batches.reference = precomputed(made, batches, len(everything), file, at_start=at_start)
    return made


def _copy(settings: Settings, start: Checkpoint) -> Any:
    if settings.reference != "copy":
        return None
    return load_whole(settings, start, start.source).requires_grad_(False).eval()


def _plain(rows: Sequence[int]) -> Any:
    return Dataset.from_dict({"row": list(rows)})


class _Trainer(Checkpointed, DPOTrainer):  # type: ignore[misc]
    def log(self, logs: dict[str, float], start_time: float | None = None) -> None:
        # rewards are beta times the log-ratios that the estimate is made of
        for kept in self._metrics.values():
            both = (kept.get(f"rewards/{which}", ()) for which in ("chosen", "rejected"))
            rewards = zip(*both, strict=True)
            if found := [-(chosen + rejected) / (2 * self.beta) for chosen, rejected in rewards]:
                kept["kl"] = found
        super().log(logs, start_time)

    def _send_telemetry(self) -> None:
        """Nothing: training tells nobody that it runs."""


class _Precomputed(_Trainer):
    """TRL computes the reference's log-probabilities beforehand only where there are no images."""

    def _prepare_dataset(self, dataset: Any, *given: Any) -> Any:
        return dataset

    def _precompute_ref_logps(self, dataset: Any, *given: Any) -> Any:
        return dataset  # batches bring them
