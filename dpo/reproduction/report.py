"""``report.md``: what the paper claims, what was measured here, and whether it held."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from ...harness.items import Modality
from .claims import claims_of, diagnosis, shown
from .figures import draw_examples, draw_gains
from .settings import Preset

_TEMPLATE = Path(__file__).parent / "report.md.j2"
_KINDS = {"judge": "the judge", "random": "chance", "truth": "the truth"}


def write_report(file: Path, preset: Preset, found: Mapping[str, Any]) -> Path:
    """Write the report and its figures.

    Args:
        file: Markdown; figures go into ``figures/`` beside it.
        preset: what was carried out.
        found: what ``results.json`` holds.

    Returns:
        The file.
    """
    from jinja2 import Environment, StrictUndefined

    figures = file.parent / "figures"
    figures.mkdir(exist_ok=True)
    draw_gains(found["tracks"], figures / "gains.png")
    judges = list(found["benchmarks"])
    tracks = [
        _track(name, preset, track, file.parent, figures) for name, track in found["tracks"].items()
    ]
    template = Environment(undefined=StrictUndefined, keep_trailing_newline=True).from_string(
        _TEMPLATE.read_text(encoding="utf-8")
    )
    text = template.render(
        preset=preset,
        trainings=", ".join(f"{_KINDS[kind]} {n}" for kind, n in preset.trainings.items()),
        claims=claims_of(preset, found),
        judges=judges,
        benchmark_rows=list(_benchmarks(found["benchmarks"])),
        tracks=tracks,
        seconds=found["seconds"],
    )
    file.write_text(text, encoding="utf-8")
    return file


def _benchmarks(found: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """The first headline figure of each task, by each judge."""
    from ...harness.registry import tasks

    for name in next(iter(found.values())):
        metric = tasks.get(name).create({}).headline[0]
        values = []
        for each in found.values():
            figure = each[name]["metrics"][metric]
            values.append(f"{_benchmark_figure(figure)} (n {figure['n']:,})")
        yield {"task": name, "metric": metric, "scores": values}


def _benchmark_figure(figure: Mapping[str, Any]) -> str:
    if figure["value"] is None or figure["ci95"] is None:
        return "undefined"
    low, high = figure["ci95"]
    return shown({"value": figure["value"], "low": low, "high": high})


def _track(
    name: str, preset: Preset, track: Mapping[str, Any], out: Path, figures: Path
) -> Mapping[str, Any]:
    settings = preset.tracks[name]  # type: ignore[index]
    modality: Modality = "image" if name.startswith("image") else "video"
    picture = ""
    if name.endswith("generation"):
        picture = f"{name.replace(' ', '-')}.png"
        draw_examples(modality, track["examples"], out, figures / picture)
    return {
        "name": name,
        "kept": track["kept"],
        "prompts": track["prompts"],
        "candidates": settings.candidates,
        "tests": settings.tests,
        "samples": settings.samples,
        "base": shown(track["base"]["truth"]),
        "spearman": _spearman(track["agreement"]),
        "rows": [_row(kind, track) for kind in track["aligned"]],
        "diagnosis": diagnosis(track),
        "picture": picture,
        "kinds": [_KINDS[kind] for kind in track["aligned"]],
        "examples": [_answers(example) for example in track["examples"]],
    }


def _spearman(agreement: Mapping[str, Any]) -> str:
    value = agreement["spearman"]
    return "undefined" if value is None else f"{value:.2f} (n {agreement['n']:,})"


def _share(pairs: Mapping[str, Any]) -> str:
    if not pairs["differ"]:
        return "none differ"
    return f"{pairs['right']:.0%} of {pairs['differ']:,} that differ"


def _row(kind: str, track: Mapping[str, Any]) -> Mapping[str, str]:
    pairs, gained = track["pairs"][kind], track["aligned"][kind]
    return {
        "kind": _KINDS[kind],
        "pairs": f"{pairs['pairs']:,}",
        "right": _share(pairs),
        "gap": f"{pairs['gap']:+.3f}",
        "truth": shown(gained["truth"], "+"),
        "each": ", ".join(f"{each['value']:+.3f}" for each in gained["each"]),
        "judged": shown(gained["judged"], "+"),
    }


def _answers(example: Mapping[str, Any]) -> list[str]:
    """A row of a table: a question and what each model said, with its truth."""
    said = [f"{one['output']} ({one['truth']:.2f})" for one in example["outputs"].values()]
    return [text.replace("|", "\\|").replace("\n", " ") for text in (example["prompt"], *said)]
