"""The generative objective: learn to write the answer to the judge's question, with TRL.

The loss is the cross-entropy of the answer's tokens; question and pictures only condition it.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from trl.trainer.sft_config import SFTConfig
from trl.trainer.sft_trainer import SFTTrainer

from ..judges.backends.checkpoints import Checkpoint
from .batches import Batches, numbered
from .checkpoints import Checkpointed
from .conversations import Conversations
from .mixtures import Mixture
from .models import load_model, processor_of
from .preferences import Preference
from .rows import Opened
from .settings import Settings


def arguments(**given: Any) -> Any:
    """TRL's arguments: rows are never cut, and only the answer is learnt."""
    return SFTConfig(**given, max_length=None, completion_only_loss=True)


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
        UserError: the checkpoint or the templates do not fit.
    """
    data = settings.data
    conversations = Conversations(
        frames=data.frames,
        video=data.video,
        max_pixels=data.max_pixels,
        prompts=data.prompts,
        rationale=data.rationale,
        two_way=data.two_way,
        seed=mixture.seed,
    )
    processor = processor_of(settings, start)
    everything = [*rows, *held_out]
    made: Any = _Trainer(
        model=load_model(settings, start, checkpoint),
        args=arguments,
        train_dataset=numbered(order),
        eval_dataset=numbered(range(len(rows), len(everything))) if held_out else None,
        processing_class=processor,
        data_collator=Batches(Opened(everything, conversations.row, mixture.skip_bad), processor),
    )
    made.start = start
    # Qwen-VL models say no here, for their own loss; TRL's takes the number of answer tokens of
    # a whole step, so that it does not matter how a step is cut into batches.
    made.model_accepts_loss_kwargs = True
    return made


class _Trainer(Checkpointed, SFTTrainer):  # type: ignore[misc]
    def _send_telemetry(self) -> None:
        """Nothing: training tells nobody that it runs."""
