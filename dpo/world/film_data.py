"""What the generator of films learns from, and what it is asked for: films with captions.

Sets share nothing that a caption says, see :mod:`unieval.tasks.shapes.captioned`.
"""

from __future__ import annotations

from ...tasks.shapes.captioned import Part, first_of
from ...tasks.shapes.cast_caption import cast_caption
from ...tasks.shapes.dice import Dice
from ...tasks.shapes.draw import Pixels, paint
from ...tasks.shapes.facts import Caption
from ...tasks.shapes.jerks import frames
from ...tasks.shapes.motion import Cast, Clip, cast, staged
from .generator_settings import SIDE


def captioned_film(
    part: Part, seed: int, number: int, most_things: int
) -> tuple[Clip, Caption[Cast]]:
    """A film of some part and a true caption of it, always the same for the same arguments.

    Args:
        part: what it is for.
        seed: another seed is another set.
        number: which of the set.
        most_things: things in a film, at most.
    """
    dice = Dice("shapes", "film generator", part, seed, number)
    who, said = first_of(part, most_things, lambda: cast(dice), lambda who: cast_caption(who, dice))
    return staged(who, dice), said


def filmed(clip: Clip) -> Pixels:
    """Its frames; shape (frames, SIDE, SIDE, 3)."""
    import numpy as np

    return np.stack([paint(frame, clip.ground, SIDE) for frame in frames(clip)])
