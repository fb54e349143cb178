"""Supervised learning of answers, on the loop that all trainings share."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from trl.trainer.sft_trainer import SFTTrainer

from ...judges.backends.chats import Chat
from ...judges.backends.checkpoints import Checkpoint
from ...judges.pictures import Pictures
from ...reward_training import sft
from ...reward_training.arguments import SHOWN
from ...reward_training.batches import Batches, numbered
from ...reward_training.checkpoints import Checkpointed
from ...reward_training.conversations import Row
from ...reward_training.curves import LOSS, Panel
from ...reward_training.evaluation import Benchmarks
from ...reward_training.loop import Evaluations, Learnt
from ...reward_training.mixtures import Mixture
from ...reward_training.model_card import About
from ...reward_training.models import load_model, processor_of
from ...reward_training.preferences import Preference
from ...reward_training.rows import Opened
from ...reward_training.settings import CommonSettings

_USE = """```python
from transformers import AutoModelForImageTextToText, AutoProcessor

model = AutoModelForImageTextToText.from_pretrained(".")
processor = AutoProcessor.from_pretrained(".")
```"""


class Answering:
    """The objective: say what was answered, as :class:`unieval.reward_training.loop.Objective`.

    Args:
        settings: the training's; its rows are single answers.
        start: the checkpoint that training starts from.
    """

    needs = "answering, that rows are single answers"
    told: Mapping[str, str] = SHOWN
    panels: Sequence[Panel] = (LOSS,)

    def __init__(self, settings: CommonSettings, start: Checkpoint) -> None:
        self.settings, self.start = settings, start

    def usable(self, rows: list[Preference]) -> list[Preference]:
        """Single answers."""
        return [row for row in rows if row.kind == "point" and row.objective == "understanding"]

    def identity(self) -> dict[str, Any]:
        """Only what is learnt."""
        return {"objective": "answers"}

    def arguments(self, **given: Any) -> Any:
        """As of a reward model that writes."""
        return sft.arguments(**given)

    def trainer(
        self,
        arguments: Any,
        checkpoint: Path | None,
        learnt: Learnt,
        order: Sequence[int],
        mixture: Mixture,
    ) -> Any:
        """TRL's trainer, its model loaded."""
        processor = processor_of(self.settings, self.start)
        everything = [*learnt.rows, *learnt.held_out]
        held_out = range(len(learnt.rows), len(everything))
        made: Any = _Trainer(
            model=load_model(self.settings, self.start, checkpoint),
            args=arguments,
            train_dataset=numbered(order),
            eval_dataset=numbered(held_out) if held_out else None,
            processing_class=processor,
            data_collator=Batches(Opened(everything, self._row, mixture.skip_bad), processor),
        )
        made.start = self.start
        made.model_accepts_loss_kwargs = True  # as in sft.py
        return made

    def evaluations(self, learnt: Learnt, device: str) -> Evaluations:
        """Nothing but the held-out loss: what it says is measured by the truth, not by a judge."""
        return Benchmarks(self.settings, self.start, device)

    def about(self) -> About:
        """What the card says."""
        return About(
            what="A small model that answers questions about pictures and films of the shapes"
            " world, sometimes wrongly.",
            use=_USE,
            command="unieval shapes-model understanding",
            tags=("shapes-world",),
        )

    def _row(self, preference: Preference) -> Row:
        """Picture or film and question as ``build-preferences`` shows them, and the answer."""
        data = self.settings.data
        pictures = Pictures(data.frames, data.video, data.max_pixels)
        shown = [part for media in preference.context for part in pictures.of(media)]
        (answer,) = preference.candidates
        return Row(Chat((*shown, preference.prompt)), str(answer))


class _Trainer(Checkpointed, SFTTrainer):  # type: ignore[misc]
    def _send_telemetry(self) -> None:
        """Nothing: training tells nobody that it runs."""
