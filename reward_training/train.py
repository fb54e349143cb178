"""``unieval train-reward``: from a configuration to a judge.

The loop that all trainings share, and what they write, is in :mod:`.loop`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..judges.backends.checkpoints import Checkpoint, locate
from .configuration import load_settings
from .loop import Evaluations, Learnt, run
from .mixtures import Mixture
from .preferences import Preference
from .settings import Settings
from .surroundings import require_packages

if TYPE_CHECKING:
    from .curves import Panel
    from .model_card import About


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
    if skip_bad:
        settings = settings.skipping_bad()
    require_packages(settings)
    start = locate(settings.model.path, settings.model.revision)
    return run(_RewardModel(settings, start), config)


class _RewardModel:
    """A reward model that writes verdicts or gives scores, as the settings' objective says."""

    needs = "bradley_terry, that some rows are pairs"

    def __init__(self, settings: Settings, start: Checkpoint) -> None:
        from .arguments import SHOWN

        self.settings, self.start = settings, start
        self.told: Mapping[str, str] = SHOWN
        self._kind = _kind(settings)

    @property
    def panels(self) -> Sequence[Panel]:
        from .curves import LOSS

        return (LOSS,)

    def usable(self, rows: list[Preference]) -> list[Preference]:
        if self.settings.objective == "generative":
            return rows
        from .bradley_terry import comparable

        return comparable(rows, self.settings.ties)

    def identity(self) -> dict[str, Any]:
        objective = self.settings.objective
        ties = self.settings.ties if objective == "bradley_terry" else None
        return {"objective": objective, "ties": ties}

    def arguments(self, **given: Any) -> Any:
        return self._kind.arguments(**given)

    def trainer(
        self,
        arguments: Any,
        checkpoint: Path | None,
        learnt: Learnt,
        order: Sequence[int],
        mixture: Mixture,
    ) -> Any:
        return self._kind.trainer(
            self.settings,
            arguments,
            self.start,
            checkpoint,
            learnt.rows,
            order,
            learnt.held_out,
            mixture,
        )

    def evaluations(self, learnt: Learnt, device: str) -> Evaluations:
        from .evaluation import Benchmarks

        return Benchmarks(self.settings, self.start, device)

    def about(self) -> About:
        from .model_card import reward_model

        return reward_model(self.settings)


def _kind(settings: Settings) -> Any:
    if settings.objective == "generative":
        from . import sft

        return sft
    from . import bradley_terry

    return bradley_terry
