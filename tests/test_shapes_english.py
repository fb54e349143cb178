"""An independent reading of the shapes world's English, by string matching alone.

The other test files check what the world says of itself against these readers. The tests here are
about the texts: captions and answers are true when they should be.
"""

import re
from collections import Counter

from hypothesis import given, settings
from hypothesis import strategies as st
from unieval.tasks.shapes.asked import any_picture_answers, film_answers
from unieval.tasks.shapes.caption import caption
from unieval.tasks.shapes.cast_caption import cast_caption
from unieval.tasks.shapes.dice import Dice
from unieval.tasks.shapes.motion import Cast, cast
from unieval.tasks.shapes.scene import COLOURS, SHAPES, UNITS, Scene, Thing, generate

seeds = st.integers(0, 2**40)

NUMBERS = {"a": 1, "one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6}
SIZE_WORDS = {"small": "small", "little": "small", "large": "large", "big": "large"}
NOUN = rf"(?:({'|'.join(SIZE_WORDS)}) )?({'|'.join(COLOURS)}) ({'|'.join(SHAPES)})s?"
MENTION = re.compile(rf"\b({'|'.join(NUMBERS)}) {NOUN}\b")
WHERE = r"(?:is )?(?:to the )?(left of|right of|above|below|under)"
RELATED = re.compile(rf"\b(?:a|one|the) {NOUN} {WHERE} (?:a|one|the) {NOUN}\b")
LOOSE = rf"(?:({'|'.join(SIZE_WORDS)}) )?(?:({'|'.join(COLOURS)}) )?({'|'.join(SHAPES)}|shape)s?"

MOTION_WORDS = {
    r"(?:mov|slid)\w* (?:to the )?left": "left",
    r"(?:mov|slid)\w* (?:to the )?right": "right",
    r"mov\w* up\b|ris\w+": "up",
    r"mov\w* down\b|sink\w*": "down",
    r"mov\w* in a circle|go\w* round and round": "circling",
    r"bounc\w*": "bouncing",
    r"grow\w*|get\w* bigger": "growing",
    r"shrink\w*|get\w* smaller": "shrinking",
    r"stay\w* still|(?:do|does) not move|not moving": "still",
}
DOING = re.compile("|".join(f"({words})" for words in MOTION_WORDS))


def alike(things, size: str | None, colour: str | None, shape: str | None) -> list:
    """Things that the words fit; ``None`` and *shape* fit everything."""
    return [
        t
        for t in things
        if colour in (None, "", t.colour)
        and shape in (None, "shape", t.shape)
        and (not size or t.size == SIZE_WORDS[size])
    ]


def ahead(one: Thing, word: str, other: Thing) -> float:
    """How many eighths of the picture one lies in that direction from the other."""
    dx, dy = one.x - other.x, one.y - other.y
    side = word.split()[0]
    offset = {"left": -dx, "right": dx, "above": -dy, "below": dy, "under": dy}[side]
    return offset * 8 / UNITS


def read_claims(text: str, scene: Scene) -> list[bool]:
    """Whether each claim of a text about a picture is true."""
    text = text.lower()
    claims = []
    for number, size, colour, shape in MENTION.findall(text):
        claims.append(len(alike(scene.things, None, colour, shape)) == NUMBERS[number])
        if size:
            claims.append(len(alike(scene.things, size, colour, shape)) == NUMBERS[number])
    for words in RELATED.findall(text):
        ones, others = (
            alike(scene.things, None, *words[1:3]),
            alike(scene.things, None, *words[5:7]),
        )
        single = len(ones) == 1 and len(others) == 1
        claims.append(single and ahead(ones[0], words[3], others[0]) >= 1)
    return claims


def motion_in(text: str) -> str:
    """The one motion that a text speaks of."""
    found = DOING.search(text)
    assert found, text
    index = next(i for i, words in enumerate(found.groups()) if words)
    return list(MOTION_WORDS.values())[index]


def read_film_claims(text: str, who: Cast) -> list[bool]:
    """Whether each claim of a text about a film is true."""
    text = text.lower()
    mentions = list(MENTION.finditer(text))
    ends = [m.start() for m in mentions[1:]] + [len(text)]
    claims = []
    for mention, end in zip(mentions, ends, strict=True):
        number, size, colour, shape = mention.groups()
        found = alike(who.things, None, colour, shape)
        claims.append(len(found) == NUMBERS[number])
        if size:
            claims.append(len(alike(who.things, size, colour, shape)) == NUMBERS[number])
        motion = motion_in(text[mention.end() : end])
        claims.append(bool(found) and all(actor.motion == motion for actor in found))
    return claims


@given(seeds)
def test_captions_are_true_and_mention_everything(seed: int) -> None:
    scene = generate(Dice(seed))
    said = caption(scene)
    claims = read_claims(said.text, scene)
    assert 1 <= len(scene.things) <= 5
    assert all(claims)
    assert len(claims) == len(said.facts) == len(set(said.facts))
    assert not said.broken(scene)
    assert said.held(scene) == 1
    mentioned = sum(NUMBERS[m[0]] for m in MENTION.findall(said.text.lower()))
    assert mentioned == len(scene.things)
    assert caption(scene) == said


def test_captions_vary_and_cover_the_vocabulary() -> None:
    captions = [caption(generate(Dice(seed))) for seed in range(600)]
    words = set(re.findall(r"[a-z]+", " ".join(c.text.lower() for c in captions)))
    assert words > {*COLOURS, *SIZE_WORDS, "left", "right", "above", "below", "under", "three"}
    assert words > set(SHAPES) | {f"{shape}s" for shape in SHAPES}
    related = [c for c in captions if RELATED.search(c.text.lower())]
    assert 0.2 < len(related) / len(captions) < 0.5
    assert len({c.text for c in captions}) > 500


@given(seeds)
def test_film_captions_are_true_and_mention_everything(seed: int) -> None:
    who = cast(Dice(seed))
    said = cast_caption(who)
    claims = read_film_claims(said.text, who)
    assert 1 <= len(who.things) <= 3
    assert any(actor.motion != "still" for actor in who.things)
    assert all(claims)
    assert len(claims) == len(said.facts) == len(set(said.facts))
    mentioned = sum(NUMBERS[m[0]] for m in MENTION.findall(said.text.lower()))
    assert mentioned == len(who.things)


CARDINAL = r"(no|none|one|two|three|four|five|six)"
AS_NUMBER = {**NUMBERS, "no": 0, "none": 0}


def is_true(kind: str, question: str, answer: str, scene: Scene) -> bool:
    """Whether an answer about a picture is true, remark included."""
    question, answer = question.lower(), answer.lower()
    answer, _, remark = answer.partition(" there is also a ")
    if remark:
        colour, shape = remark.rstrip(".").split()
        if not alike(scene.things, None, colour, shape):
            return False
    return _READERS[kind](question, answer, scene)


def _asked_about(question: str, scene: Scene) -> Thing:
    """The one thing that a question names."""
    beside = re.search(
        rf"the shape (?:to the )?(left|right|above|below|under)\D*? the {NOUN}", question
    )
    if beside:
        side, size, colour, shape = beside.groups()
        (other,) = alike(scene.things, size, colour, shape)
        (found,) = [t for t in scene.things if t is not other and ahead(t, side, other) > 0]
        return found
    (found,) = alike(scene.things, *re.findall(rf"\bthe {LOOSE}\b", question)[-1])
    return found


def _colour(question: str, answer: str, scene: Scene) -> bool:
    return re.findall("|".join(COLOURS), answer)[-1] == _asked_about(question, scene).colour


def _shape(question: str, answer: str, scene: Scene) -> bool:
    return re.findall("|".join(SHAPES), answer)[-1] == _asked_about(question, scene).shape


def _size(question: str, answer: str, scene: Scene) -> bool:
    return re.findall("small|large", answer)[-1] == _asked_about(question, scene).size


def _count(question: str, answer: str, scene: Scene) -> bool:
    size, colour, shape = re.search(rf"(?:many|the) {LOOSE}\b", question).groups()
    number = AS_NUMBER[re.search(rf"\b{CARDINAL}\b", answer)[1]]
    return len(alike(scene.things, size, colour, shape)) == number


def _exists(question: str, answer: str, scene: Scene) -> bool:
    size, colour, shape = re.search(rf"\ba {NOUN}", question).groups()
    return answer.startswith("yes") == bool(alike(scene.things, size, colour, shape))


def _more(question: str, answer: str, scene: Scene) -> bool:
    nouns = re.search(rf"more {LOOSE} than {LOOSE}", question).groups()
    counts = [len(alike(scene.things, *nouns[k : k + 3])) for k in (0, 3)]
    said = [AS_NUMBER[n] for n in re.findall(rf"\b{CARDINAL} (?=[a-z]+ ?[a-z]*)", answer)]
    said = said[-2:] if len(said) >= 2 else counts
    return answer.startswith("yes") == (counts[0] > counts[1]) and said == counts


def _same(question: str, answer: str, scene: Scene) -> bool:
    shapes = re.search(r"the (\w+) and the (\w+)", question).groups()
    colours = [alike(scene.things, None, None, shape)[0].colour for shape in shapes]
    said = re.findall("|".join(COLOURS), answer)
    right = (said * 2)[:2] if answer.startswith("yes") and said else said or colours
    return answer.startswith("yes") == (colours[0] == colours[1]) and right == colours


def _where(question: str, answer: str, scene: Scene) -> bool:
    nouns = re.findall(rf"the {NOUN}", question)
    (one,), (other,) = (alike(scene.things, *noun) for noun in nouns)
    side = re.search(r"(left|right|above|below)", answer)[1]
    return ahead(one, side, other) >= 1


def _furthest(question: str, answer: str, scene: Scene) -> bool:
    words = {"to the left": "left", "to the right": "right", "highest": "above", "lowest": "below"}
    (side,) = [side for words, side in words.items() if words in question]
    (thing,) = alike(scene.things, *re.search(NOUN, answer).groups())
    return all(t is thing or ahead(thing, side, t) >= 1 for t in scene.things)


_READERS = {
    "colour": _colour,
    "shape": _shape,
    "size": _size,
    "count": _count,
    "exists": _exists,
    "more": _more,
    "same": _same,
    "where": _where,
    "furthest": _furthest,
}


@given(seeds)
@settings(max_examples=200)
def test_answers_are_worth_what_they_say(seed: int) -> None:
    pair = any_picture_answers(Dice(seed))
    scene = pair.subject.scene
    for answer in pair.answers:
        if answer.fault == "vague":
            assert answer.score == 0.4
        elif pair.kind == "describe":
            claims = read_claims(answer.text, scene)
            mentioned = {m[2:] for m in MENTION.findall(answer.text.lower())}
            left_out = {(t.colour, t.shape) for t in scene.things} - mentioned
            worth = 1 - 0.25 * claims.count(False) - 0.2 * len(left_out)
            assert abs(answer.score - max(0.1, worth)) < 1e-9
        else:
            true = is_true(pair.kind, pair.question, answer.text, scene)
            assert (answer.score == 1) == true, (pair.question, answer)


def test_every_kind_of_question_is_asked() -> None:
    pictures = Counter(any_picture_answers(Dice("kinds", k)).kind for k in range(600))
    assert set(pictures) == {*_READERS, "describe"}
    films = Counter(film_answers(Dice("kinds", k)).kind for k in range(400))
    assert set(films) == {
        "does",
        "whether",
        "who",
        "colour",
        "count",
        "moving",
        "exists",
        "describe",
    }


def film_answer_is_true(kind: str, question: str, answer: str, who: Cast) -> bool:
    question, answer = question.lower(), answer.lower()
    answer, _, remark = answer.partition(" there is also a ")
    if remark and not alike(who.things, None, *remark.rstrip(".").split()):
        return False
    if kind in ("exists", "count"):
        return _READERS[kind](question, answer, who)
    if kind == "moving":
        still = "still" in question
        number = sum((actor.motion == "still") == still for actor in who.things)
        return AS_NUMBER[re.search(rf"\b{CARDINAL}\b", answer)[1]] == number
    if kind == "who":
        found = alike(who.things, *re.search(NOUN, answer).groups())
        return [a.motion for a in found] == [motion_in(question)]
    if kind == "colour":
        named = re.search(
            r"the shape that (.*)\?|the shape that (.*)\.|the shape that (.*) have", question
        )
        if named:
            motion = motion_in(question)
            (actor,) = [a for a in who.things if a.motion == motion]
        else:
            (actor,) = alike(who.things, *re.search(rf"the {LOOSE}\b", question).groups())
        return re.findall("|".join(COLOURS), answer)[-1] == actor.colour
    (actor,) = alike(who.things, *re.search(rf"the {NOUN}", question).groups())
    if kind == "does":
        return motion_in(re.sub(NOUN, "", answer)) == actor.motion
    asked = motion_in(re.sub(rf"the {NOUN}", "", question))
    said = answer.startswith("yes") == (asked == actor.motion)
    return said and (
        answer in ("yes.", "no.") or motion_in(re.sub(NOUN, "", answer)) == actor.motion
    )


@given(seeds)
@settings(max_examples=200)
def test_answers_about_films_are_worth_what_they_say(seed: int) -> None:
    pair = film_answers(Dice(seed))
    who = pair.subject.cast
    for answer in pair.answers:
        if answer.fault == "vague":
            assert answer.score == 0.4
        elif pair.kind == "describe":
            claims = read_film_claims(answer.text, who)
            mentioned = {m[2:] for m in MENTION.findall(answer.text.lower())}
            left_out = {(a.colour, a.shape) for a in who.things} - mentioned
            worth = 1 - 0.25 * claims.count(False) - 0.2 * len(left_out)
            assert abs(answer.score - max(0.1, worth)) < 1e-9
        else:
            true = film_answer_is_true(pair.kind, pair.question, answer.text, who)
            assert (answer.score == 1) == true, (pair.question, answer, who)
