"""Preferences as conversations: the judge's own question, and the answer to be learnt.

A row is a chat and the answer; the loss falls on the answer alone::

    Row(Chat((<first>, <second>, "Two images were generated ...")), "Image 1 is better")

Chats are written as the judge writes them, so that training and use agree.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from ..harness.errors import UserError
from ..harness.items import SCORE, THREE_WAY, TWO_WAY, Request, Verdict
from ..harness.seeds import seed_for
from ..judges.answers import score_answer, verdict_answer
from ..judges.asking import Asking
from ..judges.backends.chats import Chat
from ..judges.pictures import MAX_PIXELS, Pictures, Video
from ..judges.unifiedreward.presets import DIRECT
from .preferences import Preference


@dataclass(frozen=True, slots=True)
class Row:
    """One conversation to learn from: what is asked, and what the model learns to write."""

    chat: Chat
    answer: str


class Conversations:
    """Makes conversations of preferences.

    Args:
        frames: how many frames of a video are shown; give the judge the same.
        video: how videos are shown; give the judge the same.
        max_pixels: larger pictures are scaled down to this many pixels; give the judge the same.
        prompts: folder of templates that replace the judge's own, as for the judge.
        rationale: put the rationale, where there is one, before the answer, between ``<think>``
            and ``</think>``; the judge then needs room for it (``max_new_tokens``).
        two_way: share of pairs without a tie whose question offers no tie, because some benchmarks
            ask so. Which pairs is decided by each one's own seed.
        seed: seeds ``two_way``.

    Raises:
        UserError: a number is out of range, or a folder of templates does not fit.
    """

    def __init__(
        self,
        *,
        frames: int = DIRECT.frames,
        video: Video = "frames",
        max_pixels: int = MAX_PIXELS,
        prompts: Path | None = None,
        rationale: bool = False,
        two_way: float = 0.25,
        seed: int = 0,
    ) -> None:
        if not 0 <= two_way <= 1:
            raise UserError(f"two_way={two_way} must be a share from 0 to 1")
        self._asking = Asking(DIRECT, Pictures(frames, video, max_pixels), own=prompts)
        self.rationale, self.two_way, self.seed = rationale, two_way, seed

    def row(self, preference: Preference) -> Row:
        """The conversation of one preference; opens its media.

        Raises:
            MediaError: an image or video cannot be used.
            UserError: a template fails.
        """
        if preference.kind == "point":
            choices = SCORE
        else:
            choices = THREE_WAY if self.offers_tie(preference) else TWO_WAY
        asked = Request("training", preference.item, "ab", 0, 0, choices)
        return Row(self._asking.chat(asked), self.completion(preference))

    def completion(self, preference: Preference) -> str:
        """What the model learns to write."""
        said = answer(preference)
        if not self.rationale or preference.rationale is None:
            return said
        return f"<think>\n{preference.rationale.strip()}\n</think>\n{said}"

    def offers_tie(self, pair: Preference) -> bool:
        """Whether the question about a pair lets the answer be a tie."""
        assert pair.verdict is not None
        if pair.verdict.coarse is Verdict.TIE:
            return True
        drawn = seed_for(self.seed, "two way", pair.source, pair.id)
        return drawn >= self.two_way * (1 << 63)


def answer(preference: Preference) -> str:
    """The literal answer: ``Image 1 is better``, ``Both videos are equally good``, a score, ..."""
    if preference.verdict is None:
        assert preference.score is not None
        return score_answer(preference.score)
    return verdict_answer(preference.verdict, preference.modality, preference.objective)
