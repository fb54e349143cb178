"""One training, whatever it learns: from data to model card, and on from where it was stopped.

The output folder holds the model itself (``from_pretrained`` reads it), ``README.md`` (its card),
``curves.png``, ``manifest.json``, ``data.json``, ``checkpoints/``, ``evaluations/`` and
``tensorboard/``. Running a configuration again goes on where its output folder stands.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from ..harness.errors import UserError
from ..harness.progress import tell
from ..harness.store import write_json
from ..judges.backends.checkpoints import Checkpoint
from .claims import claim, identity
from .mixtures import Mixture, build
from .preferences import Preference
from .rows import schedule
from .settings import CommonSettings
from .summary import Summary, summarise, summarise_built
from .surroundings import end_together, quiet, worker_errors

if TYPE_CHECKING:
    from .curves import Panel
    from .model_card import About

_CARD = "README.md"


@dataclass(frozen=True)
class Learnt:
    """The rows, as the objective takes them."""

    rows: list[Preference]
    held_out: list[Preference]
    summary: Summary


class Evaluations(Protocol):
    """What is measured of a training; what is measured already is left alone."""

    @property
    def settings(self) -> CommonSettings:
        """The training's."""
        ...

    def check(self) -> None:
        """See that everything can be measured, before anything is trained."""
        ...

    def judge(self, step: int, checkpoint: Path) -> None:
        """Measure the checkpoint of a step."""
        ...

    def judge_final(self, step: int) -> None:
        """Measure what lies in the output folder when training is done."""
        ...


class Objective(Protocol):
    """What one kind of training has of its own.

    ``needs`` ends the message about data of which no row can be used; ``told`` are the logged
    numbers to be told on the way and ``panels`` those to be drawn.
    """

    settings: Any
    start: Checkpoint
    needs: str
    told: Mapping[str, str]

    @property
    def panels(self) -> Sequence[Panel]:
        """What is drawn of the history."""
        ...

    def usable(self, rows: list[Preference]) -> list[Preference]:
        """The rows that can be learnt."""
        ...

    def identity(self) -> dict[str, Any]:
        """What decides the learning curve, besides what does in every training."""
        ...

    def arguments(self, **given: Any) -> Any:
        """The trainer's arguments."""
        ...

    def trainer(
        self,
        arguments: Any,
        checkpoint: Path | None,
        learnt: Learnt,
        order: Sequence[int],
        mixture: Mixture,
    ) -> Any:
        """The trainer, its model loaded; learns the rows in the given order."""
        ...

    def evaluations(self, learnt: Learnt, device: str) -> Evaluations:
        """What is measured, and where the models compute then."""
        ...

    def about(self) -> About:
        """What the model card tells of the model."""
        ...


def run(objective: Objective, config: Path) -> Path:
    """Train, or go on with a training.

    Args:
        objective: what is trained and how.
        config: the configuration's file, for the model card.

    Returns:
        The output folder.

    Raises:
        UserError: a setting, the data or the model does not fit, or the output folder belongs to
            a training with other settings.
    """
    with quiet(), worker_errors():
        _Run(objective, config.read_text(encoding="utf-8")).go()
    output: Path = objective.settings.output
    return output


class _Run:
    """One training in one process; several of them share the work."""

    def __init__(self, objective: Objective, config: str) -> None:
        from .arguments import trainer_arguments

        self.objective, self.config = objective, config
        self.settings: CommonSettings = objective.settings
        self.mixture = self.settings.data.as_mixture()
        self.start = objective.start
        self.arguments = objective.arguments(**trainer_arguments(self.settings))
        self.first = self.arguments.process_index == 0

    def go(self) -> None:
        """Everything, from data to model card."""
        from .arguments import set_length
        from .checkpoints import latest, step_of

        with self.arguments.main_process_first(desc="reading data"):
            learnt = self._learnt()
        batch = set_length(self.arguments, self.settings.training, len(learnt.rows))
        steps = self.arguments.max_steps
        device = self.arguments.device
        place = "cpu" if device.type == "cpu" else str(device)
        evaluations = self.objective.evaluations(learnt, place)
        if self.first:
            _show(learnt.summary)
            evaluations.check()
            own = self.objective.identity()
            known = identity(self.settings, self.start, learnt.rows, batch, steps, own)
            claim(self.settings.output, known, self.settings.training.batch_size)
            write_json(self.settings.output / "data.json", learnt.summary.as_dict())
        self.arguments.distributed_state.wait_for_everyone()
        checkpoint = latest(Path(self.arguments.output_dir))
        if checkpoint is None or step_of(checkpoint) < steps:
            self._train(learnt, batch * steps, checkpoint, evaluations)
            checkpoint = latest(Path(self.arguments.output_dir))
        if self.first:
            assert checkpoint is not None
            self._finish(learnt, batch, checkpoint, evaluations)
        end_together(self.arguments.distributed_state)

    def _learnt(self) -> Learnt:
        built = build(self.mixture)
        rows, held_out = map(self.objective.usable, (built.train, built.held_out))
        if not rows:
            raise UserError(
                "the mixture has no rows to learn from; check the sources, held_out and, for"
                f" {self.objective.needs}"
            )
        parts = summarise(rows).parts
        summary = replace(summarise_built(built), parts=parts, held_out=len(held_out))
        return Learnt(rows, held_out, summary)

    def _train(
        self, learnt: Learnt, length: int, checkpoint: Path | None, evaluations: Evaluations
    ) -> None:
        from .arguments import Pace, Told, is_due
        from .checkpoints import MarkComplete, step_of
        from .evaluation import DuringTraining

        training = self.settings.training
        step = 0 if checkpoint is None else step_of(checkpoint)
        if checkpoint is not None and self.first:
            tell(f"continuing {self.settings.output} after step {step:,}")
            if is_due(step, self.arguments.max_steps, training.eval_every):
                evaluations.judge(step, checkpoint)  # a kill may have come between
        self.arguments.distributed_state.wait_for_everyone()
        order = schedule(len(learnt.rows), length, training.seed)
        trainer = self.objective.trainer(self.arguments, checkpoint, learnt, order, self.mixture)
        judging = DuringTraining(evaluations, training.eval_every)
        judging.report = trainer.callback_handler.on_log
        for callback in (
            Pace(training.eval_every, bool(learnt.held_out)),
            Told(self.objective.told),
            *self._tensorboard(step),
            MarkComplete(),
            judging,
        ):
            trainer.add_callback(callback)
        _say_nothing_else(trainer)
        trainer.train(resume_from_checkpoint=None if checkpoint is None else str(checkpoint))

    def _tensorboard(self, step: int) -> Iterator[Any]:
        if self.first:
            from torch.utils.tensorboard import SummaryWriter
            from transformers.integrations import TensorBoardCallback

            folder = self.settings.output / "tensorboard"
            # what was logged after the checkpoint is going to be logged again
            yield TensorBoardCallback(SummaryWriter(str(folder), purge_step=step + 1))

    def _finish(
        self, learnt: Learnt, batch: int, checkpoint: Path, evaluations: Evaluations
    ) -> None:
        from .checkpoints import history, step_of
        from .curves import draw
        from .evaluation import figures, undisturbed
        from .export import export
        from .model_card import Card

        output, step = self.settings.output, step_of(checkpoint)
        if not (output / _CARD).is_file():  # it is written last
            with undisturbed():
                export(self.settings, self.start, checkpoint, output)
        evaluations.judge_final(step)
        logged = history(checkpoint)
        draw(logged, figures(output), output / "curves.png", self.objective.panels)
        card = Card(
            self.objective.about(),
            self.settings,
            self.config,
            (_named(self.settings.model.path), self.start.fingerprint),
            learnt.summary.as_dict(),
            step,
            batch,
            {key: value for entry in logged for key, value in entry.items()},
            figures(output, only=step),
            figures(output, only=0),
        )
        (output / _CARD).write_text(card.text(), encoding="utf-8")


def _named(path: str) -> str:
    """A hub id, or the name of a folder (where it lies is nobody's business)."""
    return Path(path).name if Path(path).expanduser().is_dir() else path


def _show(summary: Summary) -> None:
    from rich.console import Console

    Console(stderr=True).print(summary.tables())


def _say_nothing_else(trainer: Any) -> None:
    """Keep the trainer's own printing from standard output."""
    from transformers import PrinterCallback

    trainer.remove_callback(PrinterCallback)
