"""The data card of a preference data set: what is in it, how it came about, how it looks."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from .build_settings import BuildSettings
from .preference_table import Row

_EXAMPLES = 6
_LONGEST = 600

_USE = {
    "understanding": (
        "Columns `prompt`, `chosen` and `rejected` are in TRL's conversational format{images};"
        " `media` are paths within this folder."
    ),
    "generation": "`chosen` and `rejected` are paths of {modality}s within this folder.",
}


def card(
    settings: BuildSettings,
    identity: Mapping[str, Any],
    found: Mapping[str, Any],
    rows: Sequence[Row],
) -> str:
    """The card as Markdown, with the metadata that the hub reads.

    Args:
        settings: the data set's.
        identity: what decides it, as its manifest holds it.
        found: its figures.
        rows: what was kept.
    """
    parts = [
        "---\nconfigs:\n- config_name: default\n  data_files: preferences.parquet\n"
        "tags: [preferences, dpo, unieval]\n---",
        f"# {_plain(settings.output.name)}",
        f"{found['kept']:,} preferences of {found['prompts']:,} prompts: {settings.modality}"
        f" {settings.objective}, built with `unieval build-preferences`. {_columns(settings)}",
        "## Stages",
        _stages(found),
        "## Prompts without a preference",
        _rejected(found),
        "## Figures",
        _figures(found),
        "## Judging",
        _judging(settings, found),
        "## Examples",
        _examples(settings, rows),
        "## How it was built",
        _built(identity),
    ]
    return "\n\n".join(parts) + "\n"


def _columns(settings: BuildSettings) -> str:
    images = ", with the images in `images`" if settings.modality == "image" else ""
    score = (
        "the judge's score of each alone"
        if settings.sifting.rule == "scores"
        else "each one's Bradley-Terry strength"
    )
    use = _USE[settings.objective].format(images=images, modality=settings.modality)
    return f"{use} `chosen_score` and `rejected_score` are {score}, `margin` their difference."


def _stages(found: Mapping[str, Any]) -> str:
    made, pairs, scores = found["candidates"], found["pairs"], found["scores"]
    rows: list[tuple[str, int]] = [
        ("prompts", found["prompts"]),
        ("candidates asked for", made["asked"]),
        ("— failed", made["failed"]),
        ("— empty", made["empty"]),
        ("— cut off at the token limit (kept)", made["cut_off"]),
        ("— merged with an equal one", made["merged"]),
        ("candidates judged", made["judged"]),
        ("pairs compared", pairs["compared"]),
        ("— decided", pairs["decided"]),
        ("— ties, or turned with the order", pairs["ties"]),
        ("— verdict not to be read", pairs["unread"]),
    ]
    if scores:
        rows += [("scores asked for", scores["asked"]), ("— not to be read", scores["unread"])]
    rows.append(("**preferences**", found["kept"]))
    return _table(("stage", "number"), [(name, f"{number:,}") for name, number in rows])


def _rejected(found: Mapping[str, Any]) -> str:
    if not found["rejected"]:
        return "None."
    return _table(
        ("reason", "prompts"), [(name, f"{n:,}") for name, n in found["rejected"].items()]
    )


_MEANS = {
    "agreement": "winners of decided pairs that also have the higher score",
    "first": "decided answers in favour of what was shown first (0.5: no liking for a position)",
    "flips": "pairs whose winner turns with the order",
    "longer": "preferences whose chosen answer is the longer one",
}


def _figures(found: Mapping[str, Any]) -> str:
    rows = [(_MEANS[name], *_cells(figure)) for name, figure in found["figures"].items()]
    table = _table(("share", "value", "95% interval", "n"), rows)
    more = [
        f"{name}: {', '.join(f'{v:g}' for v in quartiles)}."
        for name, quartiles in (
            ("Margin, quartiles", found["margins"]),
            *((f"Characters of {k}, quartiles", v) for k, v in found["lengths"].items()),
        )
        if quartiles
    ]
    return "\n\n".join([table, *more])


def _cells(figure: Mapping[str, Any]) -> tuple[str, str, str]:
    if figure["value"] is None:
        return "–", "–", "0"
    interval = "{:.3f} to {:.3f}".format(*figure["ci95"]) if figure["ci95"] else "–"
    return f"{figure['value']:.3f}", interval, f"{figure['n']:,}"


def _judging(settings: BuildSettings, found: Mapping[str, Any]) -> str:
    spent = found["judging"]
    said = (
        f"`{_code(settings.judge)}` answered {spent['calls']:,} requests in"
        f" {len(spent['rounds'])} round(s); {spent['failed']:,} failed."
    )
    if spent["encoded"] is not None and spent["media"]:
        each = spent["encoded"] / spent["media"]
        said += (
            f" Its vision tower encoded {spent['encoded']:,} pictures or clips for"
            f" {spent['media']:,} different {settings.modality}s ({each:.2f} for each; counted in"
            " the last process at work on each round)."
        )
    return said


def _examples(settings: BuildSettings, rows: Sequence[Row]) -> str:
    if not rows:
        return "None."
    step = max(1, len(rows) // _EXAMPLES)
    shown = rows[::step][:_EXAMPLES]
    if settings.objective == "understanding":
        return "\n\n".join(_answers(settings, row) for row in shown)
    heads = ("prompt", "chosen", "rejected", "margin")
    return _table(
        heads,
        [
            (
                _plain(row["prompt"]),
                _medium(settings, row["chosen"]),
                _medium(settings, row["rejected"]),
                f"{row['margin']:.3g}",
            )
            for row in shown
        ],
    )


def _answers(settings: BuildSettings, row: Row) -> str:
    def said(turns: Any) -> str:
        return _plain(turns[0]["content"][-1]["text"])

    media = " ".join(_medium(settings, name) for name in row["media"])
    cells = [
        (name, said(row[name]), f"{row[f'{name}_score']:.3g}") for name in ("chosen", "rejected")
    ]
    return f"{media}\n\n{said(row['prompt'])}\n\n{_table(('', 'answer', 'score'), cells)}"


def _medium(settings: BuildSettings, name: str) -> str:
    safe = html.escape(name, quote=True)
    if settings.modality == "image":
        return f'<img src="{safe}" width="160">'
    return f"[video]({safe})"


def _built(identity: Mapping[str, Any]) -> str:
    text = json.dumps(identity, indent=1, ensure_ascii=False)
    return f"```json\n{text.replace('```', '')}\n```"


def _table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [heads, ["---"] * len(heads), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _plain(text: str) -> str:
    """A text as it is, on one line: neither HTML nor Markdown is left in it."""
    line = " ".join(text.split())
    cut = line if len(line) <= _LONGEST else f"{line[:_LONGEST]}…"
    return re.sub(r"([\\|`*_~\[\]#!$])", r"\\\1", html.escape(cut, quote=False))


def _code(text: str) -> str:
    return text.replace("`", "")
