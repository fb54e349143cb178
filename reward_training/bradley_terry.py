"""The Bradley-Terry objective: learn scores whose difference is the log-odds of a preference.

For a pair with scores s+ of the better and s- of the worse candidate, the loss is
``-log sigmoid(s+ - s-)``, the negative log-likelihood of Bradley and Terry (Biometrika 39, 1952).
A tie counts as half a win of each: ``-(log sigmoid(d) + log sigmoid(-d)) / 2`` with d the
difference, which is least where the scores are equal.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

import torch
from datasets import Dataset
from torch.nn.functional import logsigmoid
from transformers import Trainer, TrainingArguments

from ..harness.items import PointItem, Verdict
from ..judges.backends.chats import Chat, model_inputs
from ..judges.backends.checkpoints import Checkpoint
from ..judges.bradley_terry import BradleyTerryJudge, load_head, save_head, scores
from .checkpoints import Checkpointed
from .mixtures import Mixture
from .models import load_model, processor_of
from .preferences import Preference
from .rows import Opened
from .settings import Settings


def comparable(rows: Iterable[Preference], ties: Literal["pull", "drop"]) -> list[Preference]:
    """The rows that this objective learns from: pairs, and ties unless they are dropped."""
    pairs = (row for row in rows if row.kind == "pair")
    return [row for row in pairs if ties == "pull" or not _tied(row)]


def pair_loss(margin: Any, tied: Any) -> Any:
    """The loss of each pair.

    Args:
        margin: score of the better candidate less that of the worse; of the first less that of
            the second for a tie.
        tied: whether the pair is a tie.
    """
    won, lost = -logsigmoid(margin), -logsigmoid(-margin)
    return torch.where(tied, (won + lost) / 2, won)


def arguments(**given: Any) -> Any:
    """The trainer's arguments."""
    # the output layer, among others, takes no part
    return TrainingArguments(**given, ddp_find_unused_parameters=True)


def trainer(
    settings: Settings,
    arguments: Any,
    start: Checkpoint,
    checkpoint: Path | None,
    rows: Sequence[Preference],
    order: Sequence[int],
    held_out: Sequence[Preference],
    mixture: Mixture,
) -> Any:
    """The trainer, its model loaded; learns ``rows`` in the given order.

    Raises:
        UserError: the checkpoint does not fit.
    """
    processor = processor_of(settings, start)
    data = settings.data
    shown = BradleyTerryJudge(
        path="", frames=data.frames, video=data.video, max_pixels=data.max_pixels
    )
    everything = [*rows, *held_out]

    def pair(row: Preference) -> tuple[list[Chat], bool]:
        return [shown.chat(item) for item in _points(row)], _tied(row)

    backbone = load_model(settings, start, checkpoint)
    made: Any = _Trainer(
        model=ScoreModel(backbone, None if checkpoint is None else load_head(checkpoint)),
        args=arguments,
        train_dataset=Dataset.from_dict({"row": list(order)}),
        eval_dataset=Dataset.from_dict({"row": range(len(rows), len(everything))})
        if held_out
        else None,
        data_collator=Pairs(Opened(everything, pair, mixture.skip_bad), processor),
        compute_metrics=_accuracy,
    )
    made.start = start
    made.model_accepts_loss_kwargs = False  # the loss is a mean over the batch
    return made


class ScoreModel(torch.nn.Module):  # type: ignore[misc]
    """A backbone and its scalar head; a new head gives every candidate the score zero."""

    def __init__(self, backbone: Any, head: Any | None) -> None:
        super().__init__()
        self.backbone = backbone
        size = backbone.config.get_text_config().hidden_size
        self.head = torch.nn.Parameter(torch.zeros(size) if head is None else head)

    def forward(self, **inputs: Any) -> Any:
        """One score a row."""
        return scores(self.backbone, self.head, inputs)

    def activation_checkpointing_enable(self, *given: Any, **named: Any) -> None:
        """Have the backbone compute its activations twice."""
        self.backbone.activation_checkpointing_enable(*given, **named)
        self.backbone.enable_input_require_grads()


class Pairs:
    """Numbers of rows to batches: all better candidates, then all worse ones, and what is tied."""

    def __init__(self, rows: Opened, processor: Any) -> None:
        self._rows, self._processor = rows, processor

    def __call__(self, numbers: Sequence[Mapping[str, int]]) -> dict[str, Any]:
        """One batch."""
        pairs = [self._rows[each["row"]] for each in numbers]
        chats = [candidates[side] for side in (0, 1) for candidates, _ in pairs]
        tied = torch.tensor([tie for _, tie in pairs])
        return {**model_inputs(self._processor, chats), "tied": tied}


class _Trainer(Checkpointed, Trainer):  # type: ignore[misc]
    def compute_loss(
        self, model: Any, inputs: dict[str, Any], return_outputs: bool = False, **given: Any
    ) -> Any:
        margin, tied = self._margin(model, inputs)
        loss = pair_loss(margin, tied).mean()
        return (loss, margin) if return_outputs else loss

    def prediction_step(
        self,
        model: Any,
        inputs: dict[str, Any],
        prediction_loss_only: bool,
        *given: Any,
        **named: Any,
    ) -> tuple[Any, Any, Any]:
        with torch.no_grad():
            margin, tied = self._margin(model, self._prepare_inputs(inputs))
        return pair_loss(margin, tied).mean(), margin, tied

    def _margin(self, model: Any, inputs: Mapping[str, Any]) -> tuple[Any, Any]:
        shown = {name: value for name, value in inputs.items() if name != "tied"}
        better, worse = model(**shown).chunk(2)
        return better - worse, inputs["tied"]

    def _save_model(self, folder: Path, state_dict: dict[str, Any] | None) -> None:
        whole = self.accelerator.unwrap_model(self.model)
        state = whole.state_dict() if state_dict is None else state_dict
        own = {k.removeprefix("backbone."): v for k, v in state.items() if k != "head"}
        whole.backbone.save_pretrained(folder, state_dict=own)
        save_head(state["head"], folder)


def _points(pair: Preference) -> list[PointItem]:
    """The candidates, the better one first."""
    given = pair.swapped() if pair.verdict is Verdict.SECOND else pair
    return [
        PointItem(pair.id, pair.modality, pair.objective, pair.prompt, candidate, pair.context)
        for candidate in given.candidates
    ]


def _tied(pair: Preference) -> bool:
    assert pair.verdict is not None
    return pair.verdict.coarse is Verdict.TIE


def _accuracy(predicted: Any) -> dict[str, float]:
    """How many of the decided held-out pairs are ranked as people do."""
    margins, tied = predicted
    decided = margins[~tied.astype(bool)]
    return {"accuracy": float((decided > 0).mean())} if len(decided) else {}
