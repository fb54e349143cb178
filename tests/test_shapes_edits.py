"""Edits: instructions read by string matching, right edits, and each kind of fault."""

import re
from collections import Counter

from hypothesis import given, settings
from hypothesis import strategies as st
from test_shapes_english import LOOSE, WHERE, ahead, alike
from unieval.tasks.shapes.dice import Dice
from unieval.tasks.shapes.edit_faults import any_fault, carried_out, fault
from unieval.tasks.shapes.edits import Edit, instruction
from unieval.tasks.shapes.scene import CELL, COLOURS, SHAPES, UNITS, Scene, Thing

seeds = st.integers(0, 2**40)
KINDS = ("recolour", "reshape", "resize", "remove", "add", "move")
FAULTS = ("undone", "object", "value", "extra")
EDGE = re.compile(r"(?:to|at) the (left|right|top|bottom) edge")


def target_of(text: str, source: Scene) -> Thing:
    """The one thing that an instruction names."""
    (found,) = alike(source.things, *re.search(rf"the {LOOSE}\b", text).groups())
    return found


def is_there(thing: Thing, text: str, source: Scene) -> bool:
    """Whether a thing is where an instruction wants it."""
    if edge := EDGE.search(text):
        side = edge[1]
        along = thing.x if side in ("left", "right") else thing.y
        return along < CELL if side in ("left", "top") else along >= UNITS - CELL
    word, *noun = re.search(rf"{WHERE} the {LOOSE}\b", text).groups()
    (other,) = alike(source.things, *noun)
    return ahead(thing, word, other) >= 1


def is_done(edit: Edit, scene: Scene) -> bool:
    """Whether a scene is the source with what the instruction says done, and nothing else."""
    text, before, after = edit.text.lower(), set(edit.source.things), set(scene.things)
    gone, new = before - after, after - before
    if edit.kind == "add":
        size, colour, shape = re.search(rf"(?:a|one) {LOOSE}\b", text).groups()
        if gone or len(new) != 1 or alike(new, size, colour, shape) != list(new):
            return False
        placed = EDGE.search(text) or re.search(rf"{WHERE} the ", text)
        return not placed or is_there(*new, text, edit.source)
    target = target_of(text, edit.source)
    if gone != {target}:
        return False
    if edit.kind == "remove":
        return not new
    (result,) = new
    same = {
        k for k in ("colour", "shape", "size", "x", "y") if getattr(result, k) == getattr(target, k)
    }
    rest = re.sub(rf"the {LOOSE}\b", "", text, count=1)
    if edit.kind == "recolour":
        (colour,) = re.findall("|".join(COLOURS), rest)
        return same == {"shape", "size", "x", "y"} and result.colour == colour
    if edit.kind == "reshape":
        (shape,) = re.findall("|".join(SHAPES), rest)
        return same == {"colour", "size", "x", "y"} and result.shape == shape
    if edit.kind == "resize":
        larger = bool(re.search("bigger|large|enlarge", rest))
        return same == {"colour", "shape", "x", "y"} and (result.size == "large") == larger
    return {"colour", "shape", "size"} <= same and is_there(result, text, edit.source)


@given(seeds)
@settings(max_examples=150)
def test_right_edits_do_what_the_instruction_says_and_nothing_else(seed: int) -> None:
    dice = Dice(seed)
    edit = instruction(dice)
    outcome = carried_out(edit, dice)
    assert len(edit.source.things) >= 2
    assert is_done(edit, outcome.scene), edit.text
    assert not is_done(edit, edit.source)
    assert (outcome.fault, outcome.done, outcome.others) == (None, 1, 0)


@given(seeds, st.sampled_from(FAULTS))
@settings(max_examples=150)
def test_faults_do_what_they_say(seed: int, kind: str) -> None:
    dice = Dice(seed)
    edit = instruction(dice)
    outcome = fault(kind, edit, dice)
    if outcome is None:
        assert kind != "undone"
        return
    before, after = set(edit.source.things), set(outcome.scene.things)
    gone, new = before - after, after - before
    assert outcome.fault == kind
    assert not is_done(edit, outcome.scene)
    if kind == "undone":
        assert outcome.scene == edit.source
    elif kind == "object":
        assert edit.target not in gone
        assert len(gone) == outcome.others == 1
        (wrong,) = gone
        assert edit.kind == "remove" or wrong != edit.target
    elif kind == "value":
        assert gone == ({edit.target} if edit.target else set())
        assert len(new) == 1
        assert outcome.others == 0
    else:
        own = int(edit.target is not None)
        assert len(gone) == outcome.others + own
        assert outcome.done == 1
        assert outcome.others in (1, 2)


def test_things_moved_by_mistake_end_up_clearly_elsewhere() -> None:
    seen = 0
    for seed in range(400):
        dice = Dice(seed)
        edit = instruction(dice)
        outcome = fault("extra", edit, dice)
        after = set(outcome.scene.things) if outcome else set()
        for thing in edit.rest:
            looks = [t for t in after if t not in edit.source.things and same_looks(t, thing)]
            if thing not in after and len(looks) == 1 and edit.kind == "recolour":
                seen += 1
                assert max(abs(looks[0].x - thing.x), abs(looks[0].y - thing.y)) > CELL
    assert seen > 10


def same_looks(one: Thing, other: Thing) -> bool:
    return (one.colour, one.shape, one.size) == (other.colour, other.shape, other.size)


def test_all_kinds_of_edits_and_faults_come_up() -> None:
    edits = [instruction(Dice(seed)) for seed in range(500)]
    kinds = Counter(edit.kind for edit in edits)
    faults = Counter(any_fault(edit, Dice(n)).fault for n, edit in enumerate(edits))
    assert min(kinds[kind] for kind in KINDS) > 30
    assert min(faults[kind] for kind in FAULTS) > 60
    # Mistaken objects mostly resemble the right one, so that attributes must be told apart.
    near = []
    for n, edit in enumerate(edits):
        outcome = fault("object", edit, Dice(n))
        if outcome and edit.target:
            (wrong,) = set(edit.source.things) - set(outcome.scene.things)
            near.append(wrong.colour == edit.target.colour or wrong.shape == edit.target.shape)
    assert sum(near) / len(near) > 0.55
