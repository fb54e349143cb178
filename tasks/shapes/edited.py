"""Edits of a picture by imaginary models, in pairs."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from ...harness.truth import Truth
from .dice import Dice
from .draw import Pixels, draw
from .edit_faults import Outcome, any_fault, carried_out
from .edits import Edit, instruction
from .labels import GOOD_LEVEL, TIE_THRESHOLD, edit_alignment, human_label, latent_score
from .pairs import PAINTERS, Model, Pair, grouped, in_common, severity, two_of
from .quality import PICTURE_FLAWS, Flaw, degrade


@dataclass(frozen=True, slots=True)
class Edited:
    """One candidate: what the edit came to, the flaw of the picture, and its latent score."""

    edit: Edit
    outcome: Outcome
    flaw: Flaw | None
    severity: int
    seed: int

    @property
    def score(self) -> float:
        """The latent score (see ``labels``)."""
        alignment = edit_alignment(self.outcome.done, self.outcome.others)
        return latent_score(alignment, self.severity)

    def pixels(self, size: int = 64) -> Pixels:
        """The edited picture, flaws included; shape (size, size, 3)."""
        clean = draw(self.outcome.scene, size)
        return degrade(clean, self.flaw, self.severity, self.seed) if self.flaw else clean

    def truth(self) -> Truth:
        """What its file is to carry."""
        faults: list[dict[str, str | int]] = []
        if self.outcome.fault:
            faults.append({"kind": self.outcome.fault, "others": self.outcome.others})
        if self.flaw:
            faults.append({"kind": self.flaw, "severity": self.severity})
        return Truth(self.edit.text, self.score, tuple(faults), TIE_THRESHOLD, GOOD_LEVEL)


def edited_pairs(items: int, *, seed: int = 0) -> Iterator[Pair[Edited]]:
    """The first ``items`` pairs of the set named by ``seed``; some share an instruction."""
    return grouped("edit", seed, items, instruction, edited_pair)


def edited_pair(edit: Edit, dice: Dice) -> Pair[Edited]:
    """Two models' edits by one instruction."""
    names = two_of(PAINTERS, dice)
    first, second = (edited(edit, PAINTERS[name], dice) for name in names)
    shared = in_common(dice)
    if shared == "flaw":
        second = replace(second, flaw=first.flaw, severity=first.severity)
    elif shared == "content" and (first.flaw, first.severity) != (second.flaw, second.severity):
        second = replace(second, outcome=first.outcome)
    label = human_label(first.score, second.score, dice)
    return Pair(edit.text, (first, second), names, label)


def edited(edit: Edit, model: Model, dice: Dice) -> Edited:
    """A model's edit."""
    outcome = any_fault(edit, dice) if dice.chance(model.slips) else carried_out(edit, dice)
    flaw = dice.choice(PICTURE_FLAWS) if dice.chance(model.flaws) else None
    return Edited(edit, outcome, flaw, severity(dice) if flaw else 0, seed=dice.below(2**31))
