"""Questions about a film: who does what."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

from .cast_caption import VERBS
from .dice import Dice
from .motion import BACK, MOTIONS, Actor, Cast, Motion
from .questions import (
    CARDINALS,
    Question,
    colour_question,
    count_question,
    exists_question,
    near_miss,
)
from .words import Description, kind_of, names

CastQuestionKind = Literal["does", "whether", "who", "colour", "count", "moving", "exists"]


def cast_question(kind: CastQuestionKind, cast: Cast, dice: Dice) -> Question | None:
    """A question of this kind; ``None`` where the cast offers none."""
    return _ASK[kind](cast, dice)


def _does(cast: Cast, dice: Dice) -> Question | None:
    """What somebody does."""
    if not (single := _single(cast)):
        return None
    actor = dice.choice(single)
    it = f"the {kind_of(actor).noun()}"
    texts = ("What does {0} do?", "How does {0} move?", "What happens to {0}?")
    style = dice.below(2)

    def told(motion: Motion) -> tuple[str, ...]:
        does, _, doing = VERBS[motion][style]
        return f"{it.capitalize()} {does}.", f"It {does}.", f"It is {doing}."

    wrong = _other_motions(actor, cast)
    return Question(
        "does",
        dice.choice(texts).format(it),
        told(actor.motion),
        tuple(told(motion) for motion in wrong),
        VERBS[actor.motion][0][2],
        aside=tuple(other for other in cast.things if kind_of(other) != kind_of(actor)),
    )


def _whether(cast: Cast, dice: Dice) -> Question | None:
    """Whether somebody does something; half of the time it does something else."""
    if not (single := _single(cast)):
        return None
    actor = dice.choice(single)
    it, is_so = f"the {kind_of(actor).noun()}", dice.chance(0.5)
    other = dice.choice(_other_motions(actor, cast))
    asked = actor.motion if is_so else other
    does, do, _ = VERBS[asked][0]
    instead = VERBS[other if is_so else actor.motion][0][0]
    yes = (f"Yes, {it} {does}.", f"Yes, it {does}.", "Yes.")
    no = (f"No, {it} {instead}.", f"No, it {instead}.", "No.")
    right, wrong = (yes, no) if is_so else (no, yes)
    return Question("whether", f"Does {it} {do}?", right, (wrong,), "yes" if is_so else "no")


def _who(cast: Cast, dice: Dice) -> Question | None:
    """Who it is that does something."""
    alone = _only_ones(cast)
    if not alone:
        return None
    actor = dice.choice(alone)
    does = dice.choice(VERBS[actor.motion])[0]
    others = {kind_of(other) for other in cast.things} - {kind_of(actor)}
    wrong = sorted(others, key=str) * 2 + [Description(*near_miss(cast.things, dice))]

    def told(who: Description) -> tuple[str, ...]:
        it = f"the {who.noun()}"
        return f"{it.capitalize()} {does}.", f"It is {it}.", f"{it.capitalize()}."

    what = kind_of(actor)
    return Question(
        "who", f"Which shape {does}?", told(what), tuple(told(who) for who in wrong), what.noun()
    )


def _colour(cast: Cast, dice: Dice) -> Question | None:
    """What colour somebody has who is known by shape or motion."""
    known = [(actor, f"the shape that {VERBS[actor.motion][0][0]}") for actor in _only_ones(cast)]
    for actor in cast.things:
        bare = Description(None, actor.shape)
        if bare in names(actor, cast.things, sizes=False):
            known.append((actor, f"the {bare.noun()}"))
    if not known:
        return None
    return colour_question(*dice.choice(known), cast.things, dice)


def _count(cast: Cast, dice: Dice) -> Question:
    return count_question(cast.things, dice)


def _moving(cast: Cast, dice: Dice) -> Question:
    """How many stay still, or do not."""
    still = dice.chance(0.5)
    number = sum((actor.motion == "still") == still for actor in cast.things)
    wrong = [n for n in (number - 1, number + 1) if n >= 0]

    def told(n: int) -> tuple[str, ...]:
        does, do, _ = VERBS["still"][0] if still else ("moves or changes", "move or change", "")
        noun, word = ("shape", does) if n == 1 else ("shapes", do)
        short = CARDINALS[n] if n else "none"
        return f"{CARDINALS[n]} {noun} {word}.".capitalize(), f"{short.capitalize()}."

    what = "stay still" if still else "move or change"
    text = f"How many shapes {what}?"
    truth = CARDINALS[number] if number else "none"
    return Question("moving", text, told(number), tuple(map(told, wrong)), truth)


def _exists(cast: Cast, dice: Dice) -> Question:
    return exists_question(cast.things, dice)


def _single(cast: Cast) -> list[Actor]:
    """Those whom their colour and shape alone pick out."""
    return [actor for actor in cast.things if kind_of(actor) in names(actor, cast.things)]


def _only_ones(cast: Cast) -> list[Actor]:
    """Those who alone do what they do."""
    return [a for a in cast.things if [b.motion for b in cast.things].count(a.motion) == 1]


def _other_motions(actor: Actor, cast: Cast) -> list[Motion]:
    """Motions that it does not have, most often the opposite or somebody else's."""
    theirs = {other.motion for other in cast.things} | {BACK.get(actor.motion)}
    return [m for m in MOTIONS if m != actor.motion for _ in range(1 + 4 * (m in theirs))]


_ASK: dict[CastQuestionKind, Callable[[Cast, Dice], Question | None]] = {
    "does": _does,
    "whether": _whether,
    "who": _who,
    "colour": _colour,
    "count": _count,
    "moving": _moving,
    "exists": _exists,
}
