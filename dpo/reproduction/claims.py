"""The paper's claims as far as they can be measured here, each with a verdict."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from .settings import Preset

HELD, DID_NOT, OPEN, NOT_HERE = "yes", "no", "undecided", "not measured here"


@dataclass(frozen=True, slots=True)
class Claim:
    """One claim, what was measured about it, and whether it held."""

    claim: str
    measured: str
    verdict: str


def claims_of(preset: Preset, found: Mapping[str, Any]) -> list[Claim]:
    """The claims in the paper's order.

    Args:
        preset: what was carried out.
        found: what ``results.json`` holds.
    """
    return [
        _judge(preset, found["benchmarks"]),
        *(_improves(name, track) for name, track in found["tracks"].items()),
        *(_beats_chance(name, track) for name, track in found["tracks"].items()),
        Claim(
            "learning several kinds of judgements together helps each",
            "not part of this: `python bench/joint_training.py` measures it, docs/nano.md says what"
            " it found",
            NOT_HERE,
        ),
    ]


def _judge(preset: Preset, benchmarks: Mapping[str, Any]) -> Claim:
    """The judge is better than chance on every benchmark of pairs."""
    said, better, worse = [], 0, 0
    for name, results in benchmarks[preset.judge].items():
        metric = next((m for m in ("diff", "overall", "accuracy") if m in results["metrics"]), None)
        if metric is None:
            continue
        if results["metrics"][metric]["ci95"] is None:
            continue
        low, high = results["metrics"][metric]["ci95"]
        better += low > 0.5
        worse += high < 0.5
        value = {"value": results["metrics"][metric]["value"], "low": low, "high": high}
        said.append(f"{name} {metric} {shown(value)}")
    verdict = HELD if said and better == len(said) else DID_NOT if worse else OPEN
    return Claim(
        "one judge decides pairs of images, videos and answers better than chance",
        "; ".join(said) or "no benchmark of pairs was run",
        verdict,
    )


def _improves(name: str, track: Mapping[str, Any]) -> Claim:
    claim = f"alignment with the judge's pairs improves {name}"
    if "judge" not in track["aligned"]:
        return Claim(claim, "the judge preferred no output to another", NOT_HERE)
    gained = track["aligned"]["judge"]["truth"]
    return Claim(
        claim,
        f"truth {shown(gained, '+')}, n {gained['n']:,} outputs",
        _verdict(gained),
    )


def _beats_chance(name: str, track: Mapping[str, Any]) -> Claim:
    claim = f"the judge's pairs improve {name} more than random ones"
    versus = track["over_chance"]
    if versus is None:
        return Claim(claim, "there are not pairs of both kinds", NOT_HERE)
    return Claim(
        claim,
        f"truth {shown(versus, '+')}, n {versus['n']:,} outputs",
        _verdict(versus),
    )


def _verdict(gained: Mapping[str, Any]) -> str:
    return HELD if gained["low"] > 0 else DID_NOT if gained["high"] < 0 else OPEN


def shown(value: Mapping[str, Any], sign: str = "") -> str:
    """A figure with its interval; with a sign, as a difference."""
    number, low, high = (value[key] for key in ("value", "low", "high"))
    return f"{number:{sign}.3f} [{low:{sign}.3f}, {high:{sign}.3f}]"


def diagnosis(track: Mapping[str, Any]) -> str:
    """Why a track did not improve, as far as the figures tell."""
    aligned, pairs = track["aligned"], track["pairs"]
    if "judge" not in aligned:
        return "Nothing was learnt: the judge preferred no output to another."
    gained = aligned["judge"]
    if gained["truth"]["low"] > 0:
        return "It improved."
    why = []
    if gained["judged"]["low"] > 0:
        why.append("the judge itself finds the model better, so what it rewards is not the truth")
    else:
        why.append("not even the judge finds the model better")
    ceiling = aligned.get("truth")
    if ceiling is not None:
        if ceiling["truth"]["low"] > 0:
            why.append(
                "pairs by the truth do improve it, so the training works and the pairs are to blame"
            )
        else:
            why.append("nor do pairs by the truth, so the training itself gains nothing here")
    if pairs["judge"]["right"] is not None:
        share = f"{pairs['judge']['right']:.0%}"
        why.append(
            f"the judge's chosen output is the truer one in {share} of its pairs that differ"
        )
    if track["agreement"]["spearman"] is not None:
        spearman = f"{track['agreement']['spearman']:.2f}"
        why.append(f"its scores have a rank correlation of {spearman} with the truth")
    return f"No improvement that excludes zero: {'; '.join(why)}."
