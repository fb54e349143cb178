"""Draw the packages and what they import of each other: ``python docs/images/architecture.py``.

Arrows are the imports at the heads of modules, read from the code. The colours are readable on a
light and on a dark page; nothing is fetched.
"""

from __future__ import annotations

import ast
from collections import Counter
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[2]
OUT = Path(__file__).with_name("architecture.svg")


class Box(NamedTuple):
    """A package: its place in pixels, its colour, and what it is for."""

    x: int
    y: int
    width: int
    colour: str
    words: str

    @property
    def middle(self) -> float:
        return self.x + self.width / 2


HEIGHT = 74
LANE = 30
"""Left of the middle row's boxes, for arrows that pass them."""
BOXES = {
    "leaderboard": Box(20, 110, 230, "#7b5ea7", "tables, reports, gates"),
    "dpo": Box(275, 110, 230, "#b0562f", "pairs from a model; aligning it"),
    "reward_training": Box(530, 110, 230, "#b0562f", "preferences; training a judge"),
    "judges": Box(305, 270, 200, "#2f7d5b", "who judges, who answers"),
    "tasks": Box(560, 270, 200, "#2f7d5b", "what is judged"),
    "harness": Box(20, 430, 740, "#3d5a99", "items, media, plan, runner, store, statistics"),
}
COMMANDS = Box(20, 20, 740, "#5f6670", "one thin function a command")
_HEAD = """<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 780 524" role="img"
 font-family="system-ui, sans-serif" text-anchor="middle">
<title>unieval: packages, and which imports which</title>
<defs><marker id="tip" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7"
 orient="auto"><path d="M0 0L8 4L0 8z" fill="#8a8f98"/></marker></defs>
"""


def imports() -> Counter[tuple[str, str]]:
    """How many modules of a package import another package at their head."""
    found: Counter[tuple[str, str]] = Counter()
    for package in BOXES:
        for path in (ROOT / package).rglob("*.py"):
            place = path.relative_to(ROOT).parts
            known = {
                (*place[: len(place) - node.level], *(node.module or "").split("."))[0]
                for node in ast.parse(path.read_text(encoding="utf-8")).body
                if isinstance(node, ast.ImportFrom) and node.level
            }
            found.update((package, other) for other in known & set(BOXES) - {package})
    return found


def drawn() -> str:
    """The picture as SVG."""
    arrows = sorted(imports())
    return "".join(
        [
            _HEAD,
            *(_arrow(BOXES[above], BOXES[below]) for above, below in arrows),
            _box("cli.py", COMMANDS, 60),
            *(_box(name, box, HEIGHT) for name, box in BOXES.items()),
            "</svg>\n",
        ]
    )


def _arrow(above: Box, below: Box) -> str:
    if above.y == below.y:
        y, right = above.y + HEIGHT / 2, above.x < below.x
        start, end = (above.x + above.width, below.x) if right else (above.x, below.x + below.width)
        return _line(start, y, end, y)
    return _line(*_ends(above, below))


def _ends(above: Box, below: Box) -> tuple[float, float, float, float]:
    """From the bottom of one to the top of the other, past the box that may stand between."""
    top, bottom = above.y + HEIGHT, below.y
    if bottom - top > HEIGHT + LANE and above.middle > BOXES["judges"].x:
        return above.x + LANE / 2, top, above.x + LANE / 2, bottom
    if below.width > above.width:
        return above.middle, top, above.middle, bottom
    shift = 30 * (below.x - above.x) / 255
    return above.middle + shift, top, below.middle - shift, bottom


def _line(x1: float, y1: float, x2: float, y2: float) -> str:
    ends = f'x1="{x1:g}" y1="{y1:g}" x2="{x2:g}" y2="{y2:g}"'
    return f'<line {ends} stroke="#8a8f98" stroke-width="1.6" marker-end="url(#tip)"/>\n'


def _box(name: str, box: Box, height: int) -> str:
    frame = f'x="{box.x}" y="{box.y}" width="{box.width}" height="{height}"'
    middle = box.y + height / 2
    return (
        f'<rect {frame} rx="8" fill="{box.colour}"/>\n'
        f'<text x="{box.middle:g}" y="{middle - 5:g}" fill="#fff" font-size="17"'
        f' font-weight="600">{name}</text>\n'
        f'<text x="{box.middle:g}" y="{middle + 17:g}" fill="#fff" font-size="13">'
        f"{box.words}</text>\n"
    )


if __name__ == "__main__":
    OUT.write_text(drawn(), encoding="utf-8")
