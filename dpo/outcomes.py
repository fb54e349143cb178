"""What has become of each prompt of a data set."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from .candidates import Candidate
from .contests import Compared
from .prompts_file import Prompt
from .ranking import Result
from .sifting import Choice, Reason, Standing


@dataclass(frozen=True)
class Outcome:
    """One prompt in the end.

    Args:
        position: of the prompt in its file.
        prompt: the prompt.
        all: every candidate, failed ones too.
        distinct: those that were judged.
        compared: what the judge said of pairs of them.
        results: one verdict a pair.
        standings: their strengths and scores.
        choice: the preference, or why there is none.
    """

    position: int
    prompt: Prompt
    all: Sequence[Candidate]
    distinct: Sequence[Candidate]
    compared: Sequence[Compared]
    results: Sequence[Result]
    standings: Sequence[Standing]
    choice: Choice | Reason
