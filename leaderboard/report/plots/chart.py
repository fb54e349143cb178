"""A small chart of lines, points with intervals, or steps, as SVG."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from .panel import element

WIDTH, HEIGHT = 360, 230
LEFT, RIGHT, TOP, BOTTOM = 46, 12, 12, 44
COLOURS = 8
"""Series beyond these share colours again."""


@dataclass(frozen=True)
class Axis:
    """One axis: its name, range, and where it is marked with what."""

    name: str
    low: float
    high: float
    ticks: Sequence[tuple[float, str]]

    def share(self, value: float) -> float:
        """Where the value lies, 0 to 1; beyond the range is at its edge."""
        width = self.high - self.low or 1.0
        return min(1.0, max(0.0, (value - self.low) / width))


SHARES = ((0.0, "0"), (0.25, "25"), (0.5, "50"), (0.75, "75"), (1.0, "100"))
"""Marks of an axis in percent."""


@dataclass(frozen=True)
class Point:
    """One point, with its interval if it has one."""

    x: float
    y: float
    low: float | None = None
    high: float | None = None
    tip: str = ""


@dataclass(frozen=True)
class Series:
    """Points of one colour; ``steps`` draws them as the outline of a histogram."""

    name: str
    colour: int
    points: Sequence[Point]
    steps: bool = False


def chart(
    title: str, series: Sequence[Series], x: Axis, y: Axis, *, diagonal: bool = False
) -> Markup:
    """The chart, with a legend where it has several series."""
    drawn = [_grid(x, y)]
    if diagonal:
        drawn.append(_line(_x(x, x.low), _y(y, y.low), _x(x, x.high), _y(y, y.high), "reference"))
    drawn += [_drawn(each, x, y) for each in series]
    picture = element(
        "svg",
        element("title", title),
        *drawn,
        viewBox=f"0 0 {WIDTH} {HEIGHT}",
        role="img",
        aria_label=title,
        class_="chart",
    )
    return picture + (legend(series) if len(series) > 1 else Markup(""))


def legend(series: Sequence[Series]) -> Markup:
    """The names of the series beside their colours and marks."""
    entries = [element("li", _swatch(each.colour), element("span", each.name)) for each in series]
    return element("ul", *entries, class_="legend")


def _swatch(colour: int) -> Markup:
    return element(
        "svg", mark(8, 8, colour), viewBox="0 0 16 16", class_="swatch", aria_hidden="true"
    )


def mark(x: float, y: float, colour: int, tip: str = "") -> Markup:
    """A point's mark; colours differ in shape too."""
    told = [element("title", tip)] if tip else []
    look = f"mark s{colour % COLOURS}"
    match colour % 4:
        case 0:
            return element("circle", *told, cx=x, cy=y, r=4.0, class_=look)
        case 1:
            return element("rect", *told, x=x - 3.5, y=y - 3.5, width=7, height=7, class_=look)
        case 2:
            shape = f"M{x - 4.5:.2f} {y + 4:.2f}h9l-4.5 -8z"
        case _:
            shape = f"M{x:.2f} {y - 5:.2f}l5 5l-5 5l-5 -5z"
    return element("path", *told, d=shape, class_=look)


def _drawn(series: Series, x: Axis, y: Axis) -> Markup:
    look = f"line s{series.colour % COLOURS}"
    points = [(_x(x, point.x), _y(y, point.y)) for point in series.points]
    path = "M" + "L".join(f"{px:.1f} {py:.1f}" for px, py in points) if points else ""
    if series.steps:
        return element("path", element("title", series.name), d=path, class_=look)
    parts = [element("path", d=path, class_=look)] if path else []
    for point in series.points:
        px = _x(x, point.x)
        if point.low is not None and point.high is not None:
            spread = f"spread s{series.colour % COLOURS}"
            parts.append(_line(px, _y(y, point.low), px, _y(y, point.high), spread))
        parts.append(mark(px, _y(y, point.y), series.colour, point.tip))
    return element("g", *parts)


def _grid(x: Axis, y: Axis) -> Markup:
    parts = []
    for value, text in y.ticks:
        at = _y(y, value)
        parts.append(_line(LEFT, at, WIDTH - RIGHT, at, "grid"))
        parts.append(element("text", text, x=LEFT - 6, y=at + 4, class_="tick end"))
    for value, text in x.ticks:
        at = _x(x, value)
        parts.append(_line(at, HEIGHT - BOTTOM, at, HEIGHT - BOTTOM + 4, "grid"))
        parts.append(element("text", text, x=at, y=HEIGHT - BOTTOM + 17, class_="tick middle"))
    middle = LEFT + (WIDTH - LEFT - RIGHT) / 2
    parts.append(element("text", x.name, x=middle, y=HEIGHT - 8, class_="axis middle"))
    height = TOP + (HEIGHT - TOP - BOTTOM) / 2
    turned = f"rotate(-90 11 {height:.0f})"
    parts.append(element("text", y.name, x=11, y=height, transform=turned, class_="axis middle"))
    return element("g", *parts, aria_hidden="true")


def _line(x1: float, y1: float, x2: float, y2: float, look: str) -> Markup:
    return element("line", x1=x1, y1=y1, x2=x2, y2=y2, class_=look)


def _x(axis: Axis, value: float) -> float:
    return LEFT + axis.share(value) * (WIDTH - LEFT - RIGHT)


def _y(axis: Axis, value: float) -> float:
    return HEIGHT - BOTTOM - axis.share(value) * (HEIGHT - TOP - BOTTOM)


def round_axis(name: str, low: float, high: float) -> Axis:
    """An axis over a range of any units, marked at round numbers."""
    from math import ceil, floor, log10

    if low == high:
        low, high = low - 0.5, high + 0.5
    raw = (high - low) / 5
    unit = 10.0 ** floor(log10(raw))
    step = next(unit * m for m in (1, 2, 5, 10) if unit * m >= raw)
    first = ceil(low / step - 1e-9)
    count = floor(high / step + 1e-9) - first + 1
    ticks = [((first + i) * step, f"{(first + i) * step:g}") for i in range(count)]
    return Axis(name, low, high, ticks)
