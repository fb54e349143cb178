"""Pictures and films with a question about them and two answers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, Literal, TypeVar

from .answers import AnswerPair, Describer, answer_pair, contrast
from .caption import caption
from .cast_caption import cast_caption
from .cast_faults import CAST_FAULTS
from .cast_questions import CastQuestionKind, cast_question
from .dice import Dice
from .facts import Shown
from .films import Film
from .motion import MOTIONS, Actor, Cast, cast, staged
from .pictures import Picture
from .quality import PICTURE_FLAWS
from .questions import Question, near_miss
from .scene import SIZES, Scene, Thing, generate, placed
from .scene_faults import MOST_THINGS, SCENE_FAULTS
from .scene_questions import SceneQuestionKind, scene_question

C = TypeVar("C")
K = TypeVar("K", bound=str)
S = TypeVar("S", bound=Shown)

SOURCES: Mapping[str, tuple[float, Mapping[SceneQuestionKind | Literal["describe"], float]]] = {
    "hallucination_pair": (4, {"exists": 2, "describe": 2}),
    "RLAIF-V": (1, {"describe": 1}),
    "RLHF-V": (2, {"colour": 2, "shape": 1, "count": 1}),
    "mathverse": (4, {"count": 3, "more": 2, "same": 4}),
    "mmmu_pro_validation_Shapes": (2, {"furthest": 1, "where": 1}),
    "wildvision-battle": (6, {"colour": 2, "shape": 2, "size": 1, "where": 2, "describe": 2}),
}
"""VL-RewardBench's sources (the prefixes of its ids, hence its groups): how often each comes, and
what is asked there."""

_OF_FILMS: Mapping[CastQuestionKind | Literal["describe"], float] = {
    "does": 4,
    "whether": 3,
    "who": 3,
    "describe": 4,
    "colour": 2,
    "moving": 1,
    "count": 1,
    "exists": 1,
}
_OF_PICTURES = {
    kind: sum(
        often * kinds[kind] / sum(kinds.values())
        for often, kinds in SOURCES.values()
        if kind in kinds
    )
    for kind in dict.fromkeys(kind for _, kinds in SOURCES.values() for kind in kinds)
}
"""What is asked about pictures over all sources, and how often."""
_FLAWED = 0.2


def _scene_with_more(scene: Scene, dice: Dice) -> Scene:
    if len(scene.things) == MOST_THINGS:
        return scene
    colour, shape = near_miss(scene.things, dice)
    thing = placed(Thing(shape, colour, dice.choice(SIZES), 0, 0), scene.things, dice)
    return replace(scene, things=(*scene.things, thing))


def _cast_with_more(who: Cast, dice: Dice) -> Cast:
    colour, shape = near_miss(who.things, dice)
    return Cast((*who.things, Actor(shape, colour, dice.choice(SIZES), dice.choice(MOTIONS))))


_SCENES = Describer(
    caption,
    SCENE_FAULTS,
    _scene_with_more,
    ("Describe the picture.", "What does the picture show?", "What can you see in this picture?"),
)
_CASTS = Describer(
    cast_caption,
    CAST_FAULTS,
    _cast_with_more,
    ("Describe the film.", "What happens in this film?", "What does the film show?"),
)
REQUESTS = (*_SCENES.requests, *_CASTS.requests)
"""All requests for a description."""


def picture_answers(source: str, dice: Dice) -> AnswerPair[Picture]:
    """A picture with a question as that source asks them, and two answers."""
    _, kinds = SOURCES[source]
    return _asked(generate, kinds, _SCENES, scene_question, picture_of, dice)


def any_picture_answers(dice: Dice) -> AnswerPair[Picture]:
    """A picture with a question as any of the sources asks them, and two answers."""
    return picture_answers(any_source(dice), dice)


def any_source(dice: Dice) -> str:
    """One of the sources, as often as it comes."""
    return dice.weighted({name: weight for name, (weight, _) in SOURCES.items()})


def film_answers(dice: Dice) -> AnswerPair[Film]:
    """A film with a question about it, and two answers."""
    return _asked(cast, _OF_FILMS, _CASTS, cast_question, film_of, dice)


def more_answers(pair: AnswerPair[Any], dice: Dice) -> AnswerPair[Any]:
    """Another question about the same picture or film, and two answers."""
    subject = pair.subject
    if isinstance(subject, Film):
        return _asked(
            lambda _: subject.cast, _OF_FILMS, _CASTS, cast_question, lambda *_: subject, dice
        )
    return _asked(
        lambda _: subject.scene, _OF_PICTURES, _SCENES, scene_question, lambda *_: subject, dice
    )


def _asked(
    draw: Callable[[Dice], S],
    kinds: Mapping[K, float],
    describer: Describer[S],
    ask: Callable[[Any, S, Dice], Question | None],
    show: Callable[[S, Dice], C],
    dice: Dice,
) -> AnswerPair[C]:
    """A question of one of the kinds about something drawn for it, and two answers."""
    while True:
        shown = draw(dice)
        kind = dice.weighted(kinds)
        if kind == "describe":
            text, truth = dice.choice(describer.requests), describer.say(shown, None).text
            answers = describer.pair(shown, dice)
        elif asked := ask(kind, shown, dice):
            text, truth = asked.text, asked.truth
            answers = contrast(asked, shown.things, dice)
        else:
            continue
        return answer_pair(show(shown, dice), kind, text, truth, answers, dice)


def plain_picture(dice: Dice) -> Picture:
    """A true picture of a random scene."""
    return picture_of(generate(dice), dice)


def plain_film(dice: Dice) -> Film:
    """A true film of a random cast."""
    return film_of(cast(dice), dice)


def picture_of(scene: Scene, dice: Dice) -> Picture:
    """A true picture of the scene, at times with a mild flaw."""
    flaw = dice.choice(PICTURE_FLAWS) if dice.chance(_FLAWED) else None
    return Picture(caption(scene), scene, (), flaw, int(flaw is not None), dice.below(2**31))


def film_of(who: Cast, dice: Dice) -> Film:
    """A true film of the cast, at times with a mild flaw."""
    flaw = dice.choice(PICTURE_FLAWS) if dice.chance(_FLAWED) else None
    worse = int(flaw is not None)
    clip = staged(who, dice)
    return Film(cast_caption(who), who, clip, (), None, flaw, worse, dice.below(2**31))
