"""The generative objective: learn to write the answer to the judge's question, with TRL.

The loss is the cross-entropy of the answer's tokens; question and pictures only condition it.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from datasets import Dataset
from trl.trainer.sft_config import SFTConfig
from trl.trainer.sft_trainer import DataCollatorForVisionLanguageModeling, SFTTrainer

from ..judges.backends.chats import control_tokens, harmless
from ..judges.backends.checkpoints import Checkpoint
from .checkpoints import Checkpointed
from .conversations import Conversations, Message, Row
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
        max_pixels=data.max_pixels,
        prompts=data.prompts,
        point_prompts=data.point_prompts,
        rationale=data.rationale,
        two_way=data.two_way,
        seed=mixture.seed,
    )
    processor = processor_of(settings, start)
    everything = [*rows, *held_out]
    made: Any = _Trainer(
        model=load_model(settings, start, checkpoint),
        args=arguments,
        train_dataset=_numbers(order),
        eval_dataset=_numbers(range(len(rows), len(everything))) if held_out else None,
        processing_class=processor,
        data_collator=Batches(Opened(everything, conversations.row, mixture.skip_bad), processor),
    )
    made.start = start
    # Qwen-VL models say no here, for their own loss; TRL's takes the number of answer tokens of
    # a whole step, so that it does not matter how a step is cut into batches.
    made.model_accepts_loss_kwargs = True
    return made


class Batches:
    """Numbers of rows to batches: opens media, writes the conversation, marks the answer.

    Runs in the data loader's processes.
    """

    def __init__(self, rows: Opened, processor: Any) -> None:
        self._rows = rows
        self._collate = DataCollatorForVisionLanguageModeling(processor, completion_only_loss=True)
        self._controls = control_tokens(processor)

    def __call__(self, numbers: Sequence[dict[str, Any]]) -> Any:
        """One batch."""
        return self._collate([self._plain(self._rows[each["row"]]) for each in numbers])

    def _plain(self, row: Row) -> Row:
        return Row(
            images=row["images"],
            prompt=[self._harmless(message) for message in row["prompt"]],
            completion=[self._harmless(message) for message in row["completion"]],
        )

    def _harmless(self, message: Message) -> Message:
        """The message as the judge's backend shows it: control tokens in a text are just text."""
        text = harmless(message["content"], self._controls)
        return Message(role=message["role"], content=text)


class _Trainer(Checkpointed, SFTTrainer):  # type: ignore[misc]
    def _send_telemetry(self) -> None:
        """Nothing: training tells nobody that it runs."""


def _numbers(rows: Sequence[int]) -> Any:
    """Row numbers as a data set; by the column ``images`` TRL knows that there are pictures."""
    return Dataset.from_dict({"row": list(rows), "images": [None] * len(rows)})
