"""How well the shapes world is read from its pixels.

    python bench/reading_shapes.py --scenes 300 --films 100

Scenes are drawn and read back, clean and with each flaw at each severity: the share of pictures in
which everything is right and nothing is seen that is not there, and of things with the right
shape and colour, and the right size. Then films, clean, with who is in them and what they do. Then
candidates made for captions (films after H.264, as in the demo data): how far the measured
alignment and score are from the latent ones, and how often the higher latent score of a pair is
found the higher one, where the two differ.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterable
from io import BytesIO

import numpy as np
from rich.console import Console
from rich.table import Table
from unieval.harness.progress import progress
from unieval.tasks.shapes.dice import Dice
from unieval.tasks.shapes.draw import Pixels, draw, paint
from unieval.tasks.shapes.films import Film, film_pairs
from unieval.tasks.shapes.motion import FPS, FRAMES, cast, staged
from unieval.tasks.shapes.mp4 import encode_film
from unieval.tasks.shapes.pairs import Pair
from unieval.tasks.shapes.pictures import Picture, picture_pairs
from unieval.tasks.shapes.quality import PICTURE_FLAWS, degrade
from unieval.tasks.shapes.scene import Scene, generate
from unieval.tasks.shapes.seeing import Seen, see
from unieval.tasks.shapes.seen_films import see_film
from unieval.tasks.shapes.truthfulness import Measured, film_score, picture_score

_SEED = "bench reading"


def read_back(scenes: int, flaw: str, severity: int) -> list[str]:
    """Percentages for clean scenes (severity 0), or for scenes with a flaw."""
    whole, looks, sizes = [], [], []
    with progress(f"{flaw} {severity or ''}", scenes) as bar:
        for number in range(scenes):
            scene = generate(Dice(_SEED, number))
            pixels = draw(scene)
            if severity:
                pixels = degrade(pixels, flaw, severity, number)  # type: ignore[arg-type]
            things = right(scene, see(pixels))
            looks += [look for look, _, _ in things]
            sizes += [size for _, size, _ in things]
            whole.append(all(look and size and same for look, size, same in things))
            bar.advance(1, 0)
    return [percent(whole), percent(looks), percent(sizes)]


def right(scene: Scene, seen: Seen) -> list[tuple[bool, bool, bool]]:
    """For each thing: whether its looks and its size are right, and as many things are seen."""
    rest, found = list(seen.things), []
    same = len(scene.things) == len(seen.things)
    for thing in scene.things:
        if not rest:
            found.append((False, False, same))
            continue
        near = min(rest, key=lambda s: abs(s.x - thing.x) + abs(s.y - thing.y))
        rest.remove(near)
        looks = (near.shape, near.colour) == (thing.shape, thing.colour)
        found.append((looks, near.size == thing.size, same))
    return found


def read_films(films: int) -> str:
    """Percentage of clean films of which the cast is right: shapes, colours and motions."""
    same = []
    with progress("films", films) as bar:
        for number in range(films):
            dice = Dice(_SEED, "film", number)
            who = cast(dice)
            clip = staged(who, dice)
            seen = see_film(np.stack([paint(clip.frame(n), clip.ground) for n in range(FRAMES)]))
            drawn = sorted((actor.shape, actor.colour, actor.motion) for actor in who.things)
            same.append(sorted((a.shape, a.colour, a.motion) for a in seen.things) == drawn)
            bar.advance(1, 0)
    return percent(same)


def scored(pairs: Iterable[Pair[Picture] | Pair[Film]], count: int, title: str) -> list[str]:
    """Mean differences of alignment and score, and how often the better one is found."""
    alignments, scores, better = [], [], []
    with progress(title, count) as bar:
        for pair in pairs:
            measured = [measure(candidate) for candidate in pair.candidates]
            for candidate, found in zip(pair.candidates, measured, strict=True):
                alignments.append(abs(found.alignment - held(candidate)))
                scores.append(abs(found.score - candidate.score))
            ahead = pair.candidates[0].score - pair.candidates[1].score
            if abs(ahead) > 1e-9:
                better.append((measured[0].score - measured[1].score) * ahead > 0)
            bar.advance(1, 0)
    return [f"{np.mean(alignments):.3f}", f"{np.mean(scores):.3f}", percent(better)]


def measure(candidate: Picture | Film) -> Measured:
    """What is measured of a candidate, as it comes from its file."""
    if isinstance(candidate, Picture):
        return picture_score(candidate.pixels(), candidate.caption.text)
    return film_score(decoded(encode_film(candidate.pixels(), FPS)), candidate.caption.text)


def held(candidate: Picture | Film) -> float:
    """The share of its caption's facts that hold."""
    if isinstance(candidate, Picture):
        return candidate.caption.held(candidate.scene)
    return candidate.caption.held(candidate.cast)


def decoded(content: bytes) -> Pixels:
    """The frames of a video; shape (frames, rows, columns, 3)."""
    import av

    with av.open(BytesIO(content)) as container:
        frames = [frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)]
    return np.stack(frames)


def percent(found: list[bool]) -> str:
    """A share of so many, in percent."""
    return f"{100 * np.mean(found):.1f} (of {len(found)})"


def main() -> None:
    """Read the arguments, measure, and print tables."""
    parser = argparse.ArgumentParser(description=str(__doc__).splitlines()[0])
    parser.add_argument("--scenes", type=int, default=300)
    parser.add_argument("--films", type=int, default=100)
    given = parser.parse_args()
    pictures = Table("pictures", "severity", "all right, %", "shape and colour, %", "size, %")
    pictures.add_row("clean", "", *read_back(given.scenes, "clean", 0))
    for flaw in PICTURE_FLAWS:
        for severity in (1, 2, 3):
            pictures.add_row(flaw, str(severity), *read_back(given.scenes, flaw, severity))
    casts = read_films(given.films)
    candidates = Table("candidates", "alignment off by", "score off by", "better one found, %")
    candidates.add_row("images", *scored(picture_pairs(given.scenes), given.scenes, "images"))
    candidates.add_row("videos", *scored(film_pairs(given.films), given.films, "videos"))
    console = Console()
    console.print(pictures)
    console.print(f"clean films: cast and motions right in {casts} %")
    console.print(candidates)


if __name__ == "__main__":
    main()
