"""``unieval dpo understanding``: from pairs of answers to an aligned vision-language model.

It shares its loop with the training of reward models, see :mod:`unieval.reward_training.loop`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ...harness.items import Verdict
from ...judges.backends.checkpoints import Checkpoint, locate
from ...reward_training.configuration import load
from ...reward_training.loop import Learnt, run
from ...reward_training.mixtures import Mixture
from ...reward_training.preferences import Preference
from ...reward_training.surroundings import require_packages
from .settings import Settings

if TYPE_CHECKING:
    from ...reward_training.curves import Panel
    from ...reward_training.model_card import About
    from .evaluation import Evaluations

_USE = """```python
from transformers import AutoModelForImageTextToText, AutoProcessor

model = AutoModelForImageTextToText.from_pretrained(".")
processor = AutoProcessor.from_pretrained(".")
```"""


def train(config: Path, *, skip_bad: bool = False) -> Path:
    """Align a model as a configuration says, or go on with its alignment.

    Args:
        config: YAML file, see :class:`~.settings.Settings`.
        skip_bad: leave out rows that do not fit, whatever the configuration says.

    Returns:
        The output folder.

    Raises:
        UserError: a setting, the data or the model does not fit, or the output folder belongs to
            a training with other settings.
    """
    settings = load(config, Settings)
    if skip_bad:
        settings = settings.skipping_bad()
    require_packages(settings)
    start = locate(settings.model.path, settings.model.revision)
    return run(_Alignment(settings, start), config)


class _Alignment:
    """A model that learns to prefer chosen answers to rejected ones."""

    needs = "dpo, that rows are pairs of answers with one that is better"
    told: Mapping[str, str] = {
        "loss": "loss",
        "rewards/margins": "margin",
        "rewards/accuracies": "accuracy",
        "kl": "KL",
        "eval_loss": "held-out loss",
        "eval_rewards/margins": "margin",
        "eval_rewards/accuracies": "accuracy",
    }

    def __init__(self, settings: Settings, start: Checkpoint) -> None:
        self.settings, self.start = settings, start

    @property
    def panels(self) -> Sequence[Panel]:
        from ...reward_training.curves import LOSS, Panel

        names = {"rewards/margins": "margin", "rewards/accuracies": "accuracy", "kl": "KL"}
        both = (
            Panel(axis, {key: "training", f"eval_{key}": "held out"}) for key, axis in names.items()
        )
        return (LOSS, *both)

    def usable(self, rows: list[Preference]) -> list[Preference]:
        return [row for row in rows if _decided(row)]

    def identity(self) -> dict[str, Any]:
        dpo, training = self.settings.dpo, self.settings.training
        decides = dpo.model_dump(exclude={"reference"})
        return {
            "objective": "dpo",
            "dpo": {**decides, "rows_at_a_time": training.batch_size if dpo.by_batch else None},
        }

    def arguments(self, **given: Any) -> Any:
        from .trainer import arguments

        return arguments(self.settings, **given)

    def trainer(
        self,
        arguments: Any,
        checkpoint: Path | None,
        learnt: Learnt,
        order: Sequence[int],
        mixture: Mixture,
    ) -> Any:
        from .trainer import trainer

        return trainer(
            self.settings,
            arguments,
            self.start,
            checkpoint,
            learnt.rows,
            order,
            learnt.held_out,
            mixture.skip_bad,
        )

    def evaluations(self, learnt: Learnt, device: str) -> Evaluations:
        from .evaluation import Evaluations

        return Evaluations(self.settings, self.start, learnt.held_out, device)

    def about(self) -> About:
        from ...reward_training.model_card import About

        shown = ", ".join(f"{name} {value}" for name, value in self.settings.data.shown.items())
        return About(
            what="A model that answers questions about images and videos, aligned with"
            f" preferences by DPO. Media were shown to it with: {shown}.",
            use=_USE,
            command="unieval dpo understanding",
            tags=("dpo",),
        )


def _decided(row: Preference) -> bool:
    """Whether the row is a pair of answers of which one is better."""
    decided = row.verdict in (Verdict.FIRST, Verdict.SECOND)
    return decided and row.objective == "understanding"
