"""One titled plot, and the HTML and SVG elements that it is made of."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup, escape


@dataclass(frozen=True)
class Panel:
    """A plot with its name, how to read it, and what to show; ``body`` is finished HTML."""

    name: str
    title: str
    about: str
    body: Markup


def element(tag: str, *children: object, **attributes: object) -> Markup:
    """An element of HTML or SVG; text is escaped.

    A trailing underscore of an attribute's name is dropped, others become hyphens. Attributes that
    are *None* are left out, *True* stands without a value.
    """
    told = Markup("").join(
        Markup(" {}").format(_name(key))
        if value is True
        else Markup(' {}="{}"').format(_name(key), _number(value))
        for key, value in attributes.items()
        if value is not None and value is not False
    )
    inner = Markup("").join(escape(child) for child in children)
    return Markup("<{tag}{told}>{inner}</{tag}>").format(tag=Markup(tag), told=told, inner=inner)


def _name(key: str) -> Markup:
    return Markup(key.rstrip("_").replace("_", "-"))


def _number(value: object) -> object:
    return f"{value:.2f}".rstrip("0").rstrip(".") if isinstance(value, float) else value


def cells(
    caption: str,
    head: Sequence[object],
    rows: Sequence[Sequence[object]],
    *,
    shades: Sequence[Sequence[float | None]] | None = None,
    hidden: bool = False,
) -> Markup:
    """A table whose first column names its rows.

    Args:
        caption: what it shows; read out, and seen unless ``hidden``.
        head: column names, the first one over the row names.
        rows: cells, each row as long as the head.
        shades: for each cell after the first, 0 to 1 for how dark it is, *None* for not at all.
        hidden: whether the caption is for screen readers alone.
    """
    top = element("tr", *[element("th", name, scope="col") for name in head])
    body = [
        element(
            "tr",
            element("th", row[0], scope="row"),
            *[
                element("td", cell, class_=_shade(shades[r][c]) if shades else None)
                for c, cell in enumerate(row[1:])
            ],
        )
        for r, row in enumerate(rows)
    ]
    return element(
        "div",
        element(
            "table",
            element("caption", caption, class_="unseen" if hidden else None),
            element("thead", top),
            element("tbody", *body),
        ),
        class_="scroll",
        tabindex="0",
        role="group",
        aria_label=caption,
    )


def _shade(share: float | None) -> str | None:
    return None if share is None else f"shade-{round(10 * min(1.0, max(0.0, share)))}"


def as_data(summary: str, table: Markup) -> Markup:
    """A table that is folded away under a plot."""
    return element("details", element("summary", summary), table, class_="data")


def side_by_side(parts: Sequence[tuple[str, Markup]]) -> Markup:
    """Small plots next to each other, each under its name."""
    return element(
        "div",
        *[element("figure", element("figcaption", name), body) for name, body in parts],
        class_="smalls",
    )


def percent(share: float, digits: int = 1) -> str:
    """A share as people read it."""
    return f"{100 * share:.{digits}f}%"
