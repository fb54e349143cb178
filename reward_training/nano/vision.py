"""The first course: the vision tower learns to say what is where, and how it looks.

For each token: which colour, shape and size the thing in its cell has, how it moves, and which
cell it is (the tower knows only relative positions); for each picture, its flaw. The heads for
this are thrown away afterwards, but the words for colours, shapes and sizes begin with what their
heads have learnt: so a token of a red circle already resembles *red* and *circle*.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch
from torch import nn
from torch.nn.functional import cross_entropy

from ...tasks.shapes.dense import KINDS
from ...tasks.shapes.dice import Dice
from ...tasks.shapes.films import film_pair
from ...tasks.shapes.motion import MOTIONS, cast
from ...tasks.shapes.pictures import picture_pair
from ...tasks.shapes.quality import FLAWS
from ...tasks.shapes.samples import Shot, shot
from ...tasks.shapes.scene import COLOURS, SHAPES, SIZES, generate
from .architecture import SIDE, TOKENS, WIDTH
from .pixels import grids, patches

FILMS = 0.6
"""Share of batches with films."""
_PICTURES, _CLIPS = 32, 8
_CLASSES = {
    "colour": 1 + len(COLOURS),
    "shape": 1 + len(SHAPES),
    "size": 1 + len(SIZES),
    "motion": 1 + len(MOTIONS),
    "cell": TOKENS,
    "flaw": 1 + 3 * len(FLAWS),
}
_WEIGHTS = {"colour": 1.5, "shape": 2.0, "size": 1.0, "motion": 0.3, "cell": 0.3, "flaw": 0.3}
_LENGTH = 1.5
"""Of a picture's token, where a word's is 1."""


class Vision(nn.Module):  # type: ignore[misc]
    """The tower and its heads."""

    def __init__(self, model: Any) -> None:
        super().__init__()
        self.tower = model.model.visual
        self.heads = nn.ModuleDict({name: nn.Linear(WIDTH, n) for name, n in _CLASSES.items()})

    def batch(self, *seed: object) -> list[Shot]:
        """Pictures, or films, drawn from these seeds."""
        dice = Dice("shapes", "nano", "vision", *seed)
        if dice.chance(FILMS):
            films = (film_pair(cast(dice), dice) for _ in range(_CLIPS // 2))
            return [shot(film, SIDE) for pair in films for film in pair.candidates]
        pictures = (picture_pair(generate(dice), dice) for _ in range(_PICTURES // 2))
        return [shot(picture, SIDE) for pair in pictures for picture in pair.candidates]

    def forward(self, shots: Sequence[Shot]) -> tuple[Any, dict[str, float]]:
        """The loss, and how much is right."""
        tokens = self.tower(patches(shots), grid_thw=grids(shots)).pooler_output
        targets = _targets(shots)
        there = targets["colour"] > 0
        loss, right = tokens.new_zeros(()), {}
        for name, head in self.heads.items():
            seen = tokens.reshape(-1, TOKENS, WIDTH).mean(1) if name == "flaw" else tokens
            target = targets[name]
            if name == "motion":
                seen, target = seen[there], target[there]
            found = head(seen)
            loss = loss + _WEIGHTS[name] * cross_entropy(found, target)
            hit = found.argmax(-1) == target
            hit = hit[there] if name in ("colour", "shape", "size") else hit
            right[f"{'film' if len(shots[0].pixels) > 1 else 'picture'} {name}"] = hit
        return loss, {name: hit.float().mean().item() for name, hit in right.items()}

    @torch.no_grad()  # type: ignore[untyped-decorator]
    def name_words(self, model: Any, words: Any) -> None:
        """Let the words of what was learnt begin with the weights of their heads."""
        table = model.model.language_model.embed_tokens.weight

        def name(word: str, head: str, number: int, apart: float = 0.0) -> None:
            learnt = self.heads[head].weight[1 + number]
            row = words.convert_tokens_to_ids(word)
            table[row] = learnt / learnt.norm() + apart * table[row]

        for number, colour in enumerate(COLOURS):
            name(colour, "colour", number)
        for number, shape in enumerate(SHAPES):
            name(shape, "shape", number)
            name(f"{shape}s", "shape", number, 0.3)
        for number, (plain, other) in enumerate((("small", "little"), ("large", "big"))):
            name(plain, "size", number)
            name(other, "size", number, 0.3)

    @torch.no_grad()  # type: ignore[untyped-decorator]
    def scale(self, shots: Sequence[Shot]) -> None:
        """Make the tokens of pictures about as long as those of words."""
        tokens = self.tower(patches(shots), grid_thw=grids(shots)).pooler_output
        last = [layer for layer in self.tower.merger.modules() if isinstance(layer, nn.Linear)][-1]
        factor = _LENGTH / tokens.norm(dim=-1).mean()
        last.weight *= factor
        last.bias *= factor


def _targets(shots: Sequence[Shot]) -> Mapping[str, Any]:
    """What each head should say: a number for each token; for *flaw*, for each 16 tokens."""

    def cells(name: str) -> Any:
        """The last of the frames that share a token."""
        found = [getattr(one.dense, name) for one in shots]
        last = [one if len(one) == 1 else one[1::2] for one in found]
        return torch.from_numpy(np.concatenate(last).astype(np.int64).reshape(-1))

    kinds = cells("kinds")
    there = kinds > 0
    colours = torch.tensor([0, *(1 + COLOURS.index(colour) for colour, _ in KINDS)])
    shapes = torch.tensor([0, *(1 + SHAPES.index(shape) for _, shape in KINDS)])
    pictures = len(kinds) // TOKENS
    flaws = [
        3 * (one.dense.flaw - 1) + one.dense.severity if one.dense.flaw else 0 for one in shots
    ]
    return {
        "colour": colours[kinds],
        "shape": shapes[kinds],
        "size": cells("sizes") * there,
        "motion": cells("motions"),
        "cell": torch.arange(TOKENS).repeat(pictures),
        "flaw": torch.tensor(flaws).repeat_interleave(pictures // len(shots)),
    }
