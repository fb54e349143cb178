"""How figures, differences and flips are written; shared by the terminal and Markdown."""

from __future__ import annotations

from collections.abc import Sequence
from math import isnan

from .compare_model import Change, Comparison, Flip, Outcome, RuleResult, Said, worst
from .layout import CORRELATIONS, NOT_SHARES

WORDS: dict[Outcome, str] = {
    "pass": "passes",
    "fail": "FAILS",
    "inconclusive": "cannot decide",
}
HEADS = ("metric", "baseline", "candidate", "difference", "95% interval", "p", "McNemar p", "n")
LEGEND = (
    "Figures in percent, differences in points (candidate minus baseline), correlations from -1 to"
    " 1. Intervals and p: paired bootstrap over clusters of the shared items. McNemar p: exact, of"
    " clusters that got better against those that got worse."
)


def value(number: float, metric: str, *, signed: bool = False) -> str:
    """A figure in percent, or as it is where it is no share."""
    if isnan(number):
        return "-"
    sign = "+" if signed else ""
    if metric in NOT_SHARES:
        return f"{number:{sign}.4g}"
    if metric in CORRELATIONS:
        return f"{number:{sign}.3f}"
    return f"{100 * number:{sign}.2f}"


def cells(change: Change, name: str) -> tuple[str, ...]:
    """A change as a row below ``HEADS``."""
    metric, found = change.metric, change.difference
    interval = p_value = ""
    if found is not None:
        low, high = (value(edge, metric, signed=True) for edge in (found.low, found.high))
        interval, p_value = f"[{low}, {high}]", probability(found.p_value)
    return (
        name,
        value(change.baseline, metric),
        value(change.candidate, metric),
        value(change.candidate - change.baseline, metric, signed=True),
        interval,
        p_value,
        "" if change.mcnemar is None else probability(change.mcnemar),
        "" if change.n is None else f"{change.n:,}",
    )


def probability(p: float) -> str:
    """A p-value; the bootstrap knows none below one in its draws."""
    return f"{p:.3f}" if p >= 0.001 else "<0.001"


def title(comparison: Comparison) -> str:
    """What is compared."""
    return f"{comparison.candidate} against {comparison.baseline}"


def summary(gates: Sequence[RuleResult]) -> str:
    """The outcome of gates in one line."""
    if not gates:
        return "No gate was given."
    counts = [
        f"{sum(result.outcome == outcome for result in gates)} {word}"
        for outcome, word in (("pass", "pass"), ("fail", "fail"), ("inconclusive", "undecided"))
    ]
    said = {
        "pass": "All gates pass",
        "fail": "A gate fails",
        "inconclusive": "A gate cannot decide",
    }
    return f"{said[worst([result.outcome for result in gates])]}: {', '.join(counts)}."


def cure(gates: Sequence[RuleResult]) -> str:
    """What to do where a gate cannot decide; empty where all could."""
    open_ = [result for result in gates if result.outcome == "inconclusive"]
    if not open_:
        return ""
    wanted = [max(filter(None, r.needed)) for r in open_ if r.needed and any(r.needed)]
    more = f" (about {max(wanted):,})" if wanted else ""
    return (
        f"Judge more items{more}, accept a larger max_drop, or settle what counts with"
        " on_inconclusive: fail or pass."
    )


def turn(flip: Flip) -> str:
    """From what to what an item went."""
    if flip.better <= -1 + 1e-9:
        return "right -> wrong"
    if flip.better >= 1 - 1e-9:
        return "wrong -> right"
    return "worse" if flip.better < 0 else "better"


def spoken(said: Said, votes: bool) -> str:
    """One output: its order, its verdict, and the words if they say more."""
    order = f"{said.order}{f' vote {said.vote + 1}' if votes else ''}"
    text = said.text.strip()
    return f"{order}: {said.read}" + (f" <- {text}" if text and text != said.read else "")


def outputs(all_said: tuple[Said, ...]) -> list[str]:
    """A line for each output."""
    votes = any(said.vote for said in all_said)
    return [spoken(said, votes) for said in all_said]
