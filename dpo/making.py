"""Where candidates are made: in this process, or by replicas of their generator on a Ray cluster.

Either way batches begin at the same candidates, so that what is made does not depend on it, and
this process alone writes the output folder.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..harness.batches import Batches, isolated
from ..harness.engines import EngineSettings
from ..harness.errors import MediaError
from ..harness.worker import Answered, WorkerRecipe
from .build_settings import BuildSettings
from .candidates import Generator, Made, Makers, Wanted
from .generators import generator
from .prompts_file import Prompts


def makers(
    settings: BuildSettings, prompts: Prompts, makes: Generator, notify: Callable[[str], None]
) -> Makers:
    """Those that the settings ask for; nothing starts before there is work.

    Candidates that are there already are read in this process.

    Args:
        settings: the data set's.
        prompts: all of them.
        makes: their generator; it is closed with what is returned.
        notify: told what happens on the way.

    Raises:
        UserError: an argument of the engine is unknown, or Ray is not installed.
    """
    of = settings.candidates
    if settings.engine == "local" or of.file is not None:
        return Here(makes, notify)
    engine = EngineSettings(settings.engine, settings.engine_args)
    gpus = of.chat.engine.get("tensor_parallel") if of.chat else None
    return Replicas(makes, GeneratorRecipe.of(settings, prompts), engine, gpus, notify)


class GeneratorWorker:
    """A generator at work on batches; a candidate that fails costs nothing else.

    Args:
        makes: the generator.
        batches: limits of a batch; they shrink for good when memory has run out.
        notify: told of that.
    """

    def __init__(self, makes: Generator, batches: Batches, notify: Callable[[str], None]) -> None:
        self._makes, self._batches, self._notify = makes, batches, notify

    def made(self, batch: Sequence[Wanted]) -> list[Made]:
        """The batch; a candidate that cannot be made says why.

        Raises:
            UserError: the generator cannot be used.
        """
        sizes = [0] * len(batch)
        return isolated(self._makes.make, batch, sizes, self._batches, _failed, self._notify)

    def begin(self, asked: Sequence[Wanted]) -> Sequence[Wanted]:
        """See :class:`~..harness.worker.PortionWorker`; nothing is prepared."""
        return asked

    def finish(self, begun: Sequence[Wanted]) -> Iterator[list[Answered]]:
        """See :class:`~..harness.worker.PortionWorker`."""
        yield [Answered(place, made, 0.0) for place, made in enumerate(self.made(begun))]

    def spent(self) -> Mapping[str, object]:
        """Nothing that is counted."""
        return {}


def _failed(error: Exception) -> Made:
    if isinstance(error, MediaError):
        return Made(failure=str(error), own_media=True)
    return Made(failure=f"{type(error).__name__}: {error}")


@dataclass(frozen=True)
class GeneratorRecipe:
    """How another process builds the same generator.

    Relative paths among the settings start at ``folder``.
    """

    settings: BuildSettings
    prompts: Prompts
    folder: str

    @classmethod
    def of(cls, settings: BuildSettings, prompts: Prompts) -> GeneratorRecipe:
        """The recipe; the prompt with most media stands for all, which come with the work."""
        largest = max(prompts.rows, key=lambda prompt: len(prompt.media))
        return cls(settings, Prompts(prompts.folder.absolute(), [largest]), str(Path.cwd()))

    def worker(self, batches: Batches, notify: Callable[[str], None]) -> GeneratorWorker:
        """See :class:`~..harness.worker.WorkerRecipe`."""
        if Path(self.folder).is_dir():
            os.chdir(self.folder)
        return GeneratorWorker(generator(self.settings, self.prompts), batches, notify)


class Here:
    """This process makes them, one batch after the other.

    Args:
        makes: the generator; it is closed with this.
        notify: told when batches become smaller.
    """

    def __init__(self, makes: Generator, notify: Callable[[str], None]) -> None:
        self.portion = max(1, makes.batch_size)
        self._makes = makes
        self._worker = GeneratorWorker(makes, Batches(self.portion), notify)

    def made(self, portions: Iterable[Sequence[Wanted]]) -> Iterator[list[tuple[Wanted, Made]]]:
        """See :class:`~.candidates.Makers`."""
        for batch in portions:
            yield list(zip(batch, self._worker.made(batch), strict=True))

    def close(self) -> None:
        """Let go of the weights."""
        self._makes.close()


class Replicas:
    """Replicas of the generator make them (docs/scale.md).

    Args:
        makes: the generator, of which only the size of a batch is asked; it is closed with this.
        recipe: of the worker that each replica builds.
        engine: the Ray engine's arguments.
        gpus: of each replica, where the arguments do not say; *None* is one.
        notify: told what happens.
    """

    def __init__(
        self,
        makes: Generator,
        recipe: WorkerRecipe,
        engine: EngineSettings,
        gpus: Any,
        notify: Callable[[str], None],
    ) -> None:
        from ..harness.ray_scheduler import Scheduler

        self.portion = max(1, makes.batch_size)
        self._makes, self._notify = makes, notify
        self._scheduler: Scheduler[Sequence[Wanted]] = Scheduler(
            engine.replicas(), recipe, Batches(self.portion), float(gpus or 1), notify
        )

    def made(self, portions: Iterable[Sequence[Wanted]]) -> Iterator[list[tuple[Wanted, Made]]]:
        """See :class:`~.candidates.Makers`."""
        from ..harness.ray_scheduler import Portion

        for finished in self._scheduler.results(Portion(batch, batch) for batch in portions):
            yield [
                pair
                for each in finished
                for pair in self._pairs(each.held, each.answered, each.lost)
            ]

    def _pairs(
        self, batch: Sequence[Wanted], answered: Sequence[Answered], lost: str | None
    ) -> list[tuple[Wanted, Made]]:
        if lost is None:
            return [(batch[one.place], one.output) for one in answered]
        told = f"its batch of {len(batch)} candidates {lost}"
        self._notify(f"prompt '{batch[0].prompt.id}': {told}")
        return [(wanted, Made(failure=told)) for wanted in batch]

    def close(self) -> None:
        """End the replicas."""
        self._scheduler.close()
        self._makes.close()
