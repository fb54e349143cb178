"""``unieval train-reward``: from a configuration to a judge.

The output folder holds the model itself (``from_pretrained`` reads it), ``README.md`` (its card),
``curves.png``, ``manifest.json``, ``data.json``, ``checkpoints/``, ``evaluations/`` and
``tensorboard/``. Running a configuration again goes on where its output folder stands.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from ..harness.errors import UserError
from ..harness.store import write_json
from ..judges.backends.checkpoints import Checkpoint, locate
from .claims import claim, identity
from .configuration import load_settings
from .mixtures import Mixture, build
from .preferences import Preference
from .rows import in_words, schedule
from .settings import Settings
from .summary import Summary, summarise, summarise_built

_CARD = "README.md"


def train(config: Path, *, skip_bad: bool = False) -> Path:
    """Train a reward model as a configuration says, or go on with its training.

    Args:
        config: YAML file, see :class:`~.settings.Settings`.
        skip_bad: leave out rows that do not fit, whatever the configuration says.

    Returns:
        The output folder.

    Raises:
        UserError: a setting, the data or the model does not fit, or the output folder belongs to
            a training with other settings.
    """
    settings = load_settings(config)
    _require_packages(settings)
    start = locate(settings.model.path, settings.model.revision)
    mixture = settings.data.as_mixture()
    if skip_bad:
        mixture = replace(mixture, skip_bad=True)
    with _quiet(), _worker_errors():
        _Run(settings, start, mixture, config.read_text(encoding="utf-8")).go()
    return settings.output


@dataclass(frozen=True)
class _Learnt:
    """The rows, as the objective takes them."""

    rows: list[Preference]
    held_out: list[Preference]
    summary: Summary


class _Run:
    """One training in one process; several of them share the work."""

    def __init__(
        self, settings: Settings, start: Checkpoint, mixture: Mixture, config: str
    ) -> None:
        from .arguments import trainer_arguments

        self.settings, self.start, self.mixture = settings, start, mixture
        self.config = config
        self.objective = _objective(settings)
        self.arguments = self.objective.arguments(**trainer_arguments(settings))
        self.first = self.arguments.process_index == 0

    def go(self) -> None:
        """Everything, from data to model card."""
        from .arguments import set_length
        from .checkpoints import latest, step_of
        from .evaluation import Benchmarks

        with self.arguments.main_process_first(desc="reading data"):
            learnt = _learnt(self.settings, self.mixture)
        batch = set_length(self.arguments, self.settings.training, len(learnt.rows))
        steps = self.arguments.max_steps
        device = self.arguments.device
        place = "cpu" if device.type == "cpu" else str(device)
        benchmarks = Benchmarks(self.settings, self.start, place)
        if self.first:
            _show(learnt.summary)
            benchmarks.check()
            claim(self.settings, identity(self.settings, self.start, learnt.rows, batch, steps))
            write_json(self.settings.output / "data.json", learnt.summary.as_dict())
        self.arguments.distributed_state.wait_for_everyone()
        checkpoint = latest(Path(self.arguments.output_dir))
        if checkpoint is None or step_of(checkpoint) < steps:
            self._train(learnt, batch * steps, checkpoint, benchmarks)
            checkpoint = latest(Path(self.arguments.output_dir))
        if self.first:
            assert checkpoint is not None
            self._finish(learnt, batch, checkpoint, benchmarks)

    def _train(
        self, learnt: _Learnt, length: int, checkpoint: Path | None, benchmarks: Any
    ) -> None:
        from .arguments import Pace, Told, is_due
        from .checkpoints import MarkComplete, step_of
        from .evaluation import DuringTraining

        training = self.settings.training
        step = 0 if checkpoint is None else step_of(checkpoint)
        if checkpoint is not None and self.first:
            _tell(f"continuing {self.settings.output} after step {step:,}")
            if is_due(step, self.arguments.max_steps, training.eval_every):
                benchmarks.judge(step, checkpoint)  # a kill may have come between
        self.arguments.distributed_state.wait_for_everyone()
        trainer = self.objective.trainer(
            self.settings,
            self.arguments,
            self.start,
            checkpoint,
            learnt.rows,
            schedule(len(learnt.rows), length, training.seed),
            learnt.held_out,
            self.mixture,
        )
        judging = DuringTraining(benchmarks, training.eval_every)
        judging.report = trainer.callback_handler.on_log
        for callback in (
            Pace(training.eval_every, bool(learnt.held_out)),
            Told(),
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

    def _finish(self, learnt: _Learnt, batch: int, checkpoint: Path, benchmarks: Any) -> None:
        from .checkpoints import history, step_of
        from .curves import draw
        from .evaluation import figures, undisturbed
        from .export import export
        from .model_card import Card

        output, step = self.settings.output, step_of(checkpoint)
        if not (output / _CARD).is_file():  # it is written last
            with undisturbed():
                export(self.settings, self.start, checkpoint, output)
        benchmarks.judge_final(step)
        logged = history(checkpoint)
        draw(logged, figures(output), output / "curves.png")
        card = Card(
            self.settings,
            self.config,
            (_named(self.settings.model.path), self.start.fingerprint),
            learnt.summary.as_dict(),
            step,
            batch,
            {key: value for entry in logged for key, value in entry.items()},
            figures(output, only=step),
        )
        (output / _CARD).write_text(card.text(), encoding="utf-8")


def _objective(settings: Settings) -> Any:
    if settings.objective == "generative":
        from . import sft

        return sft
    from . import bradley_terry

    return bradley_terry


def _learnt(settings: Settings, mixture: Mixture) -> _Learnt:
    built = build(mixture)
    rows, held_out = built.train, built.held_out
    if settings.objective == "bradley_terry":
        from .bradley_terry import comparable

        rows, held_out = (comparable(part, settings.ties) for part in (rows, held_out))
    if not rows:
        raise UserError(
            "the mixture has no rows to learn from; check the sources, held_out and, for"
            " bradley_terry, that some rows are pairs"
        )
    summary = replace(summarise_built(built), parts=summarise(rows).parts, held_out=len(held_out))
    return _Learnt(rows, held_out, summary)


def _named(path: str) -> str:
    """A hub id, or the name of a folder (where it lies is nobody's business)."""
    return Path(path).name if Path(path).expanduser().is_dir() else path


def _require_packages(settings: Settings) -> None:
    from importlib.util import find_spec

    wanted = ["trl", "tensorboard", "matplotlib"]
    wanted += ["peft"] if settings.training.lora is not None else []
    missing = [name for name in wanted if find_spec(name) is None]
    if missing:
        raise UserError(f"training needs {', '.join(missing)}: pip install 'unieval[train]'")
    if settings.training.wandb and find_spec("wandb") is None:
        raise UserError("training.wandb: Weights & Biases is not installed: pip install wandb")


def _show(summary: Summary) -> None:
    from rich.console import Console

    Console(stderr=True).print(summary.tables())


def _say_nothing_else(trainer: Any) -> None:
    """Keep the trainer's own printing from standard output."""
    from transformers import PrinterCallback

    trainer.remove_callback(PrinterCallback)


@contextmanager
def _worker_errors() -> Iterator[None]:
    """An error that a data loader's process raised comes as that process's traceback; unwrap it."""
    try:
        yield
    except UserError as error:
        raise in_words(error) from None


@contextmanager
def _quiet() -> Iterator[None]:
    """No bar for every loading and saving, and no advice from libraries to each other."""
    import warnings

    from transformers.utils import logging

    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")  # data loaders fork
    shown, level = logging.is_progress_bar_enabled(), logging.get_verbosity()
    logging.disable_progress_bar()
    logging.set_verbosity_error()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", FutureWarning)
            yield
    finally:
        logging.set_verbosity(level)
        if shown:
            logging.enable_progress_bar()


def _tell(line: str) -> None:
    print(line, file=sys.stderr, flush=True)
