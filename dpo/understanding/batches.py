"""Pairs of answers as batches: all chosen answers first, then all rejected ones."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ...harness.items import Verdict
from ...judges.backends.chats import Chat
from ...judges.pictures import Pictures
from ...reward_training.batches import answered
from ...reward_training.preferences import Preference
from ...reward_training.rows import Opened
from ...reward_training.settings import RowSettings

_IGNORED = -100


@dataclass(frozen=True, slots=True)
class Pair:
    """What is asked, and the two answers."""

    chat: Chat
    chosen: str
    rejected: str


class Pairs:
    """Makes preferences ready: the question as the model is asked it, its media opened.

    Args:
        settings: how media are shown.
    """

    def __init__(self, settings: RowSettings) -> None:
        self._pictures = Pictures(settings.frames, settings.video, settings.max_pixels)

    def __call__(self, preference: Preference) -> Pair:
        """One pair; raises :class:`MediaError` where an image or video cannot be used."""
        shown = [part for media in preference.context for part in self._pictures.of(media)]
        first, second = map(str, preference.candidates)
        if preference.verdict is Verdict.SECOND:
            first, second = second, first
        return Pair(Chat((*shown, preference.prompt)), first, second)


class PairBatches:
    """Numbers of rows to batches as TRL's DPO trainer takes them.

    Runs in the data loader's processes. ``reference`` holds the log-probabilities of each row's
    chosen and rejected answer under the reference, where they were computed beforehand.
    """

    def __init__(self, rows: Opened, processor: Any) -> None:
        self._rows, self._processor = rows, processor
        self.reference: Any = None

    def __call__(self, numbers: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
        """One batch."""
        rows = [each["row"] for each in numbers]
        made = pair_batch([self._rows[row] for row in rows], self._processor)
        if self.reference is not None:
            chosen, rejected = self.reference[rows].unbind(dim=1)
            made |= {"ref_chosen_logps": chosen, "ref_rejected_logps": rejected}
        return made


def pair_batch(pairs: Sequence[Pair], processor: Any) -> dict[str, Any]:
    """What the model takes of pairs, and ``completion_mask``: 1 at the answers' tokens.

    Raises:
        UserError: a pair has a clip, and there is no way to show the checkpoint one.
    """
    rounds = [[pair.chosen for pair in pairs], [pair.rejected for pair in pairs]]
    made = answered([pair.chat for pair in pairs], rounds, processor)
    made["completion_mask"] = (made.pop("labels") != _IGNORED).long()
    return made
