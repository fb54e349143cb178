"""What each rule of a gate says of two runs: pass, fail, or that the items do not decide.

``max_drop`` is a test of non-inferiority in both directions. With L and U the one-sided lower and
upper bounds of candidate minus baseline (of a metric where lower is better, its negative) at the
rule's confidence: L >= -max_drop passes, U < -max_drop fails, all else is inconclusive. ``min``
passes where the lower bound of the candidate's own figure reaches it and fails where the upper one
stays below; ``max`` the other way round. So a right candidate fails, and a wrong one passes, with
a chance of at most 1 - confidence each. Where no output differs, no drop is to be shown, and
``max_drop`` passes.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from math import ceil, isnan

from ..harness.bounds import Estimate
from ..harness.errors import UserError, not_found
from ..harness.metrics import ALIASES
from ..harness.paired import Pair
from ..harness.paired_runs import BOUNDS, PairedTask, Part
from ..harness.power import units_needed
from .compare_model import Outcome, RuleResult
from .gates import COUNT_RULES, Gate, Rules


def decide(gate: Gate, tasks: Mapping[str, PairedTask]) -> Iterator[RuleResult]:
    """The result of each of a gate's rules.

    Raises:
        UserError: the key names no figure of these tasks, or a rule does not go with it.
    """
    task, group, metric = place_of(gate, tasks)
    part = task.candidate[group]
    pair = task.figures[group, metric] if metric else None
    for rule, limit in gate.rules.given.items():
        if rule in COUNT_RULES:
            found = _counted(gate, rule, limit, part, pair)
        elif pair is None:
            raise UserError(
                f"{gate.file}, {gate.key}: {rule} needs a metric, such as"
                f" {gate.key}.{task.shown_first[0]}"
            )
        else:
            found = _tested(gate, rule, limit, pair, task)
        yield found


def place_of(gate: Gate, tasks: Mapping[str, PairedTask]) -> tuple[PairedTask, str, str]:
    """The task, group and metric of a key; groups may have dots and spaces in their names.

    Raises:
        UserError: the key names no figure of these tasks.
    """
    task = tasks[max((name for name in tasks if gate.is_about(name)), key=len)]
    if gate.key == task.name:
        return task, "", ""
    rest = gate.key.removeprefix(f"{task.name}.")
    known: dict[str, tuple[str, str]] = {group: (group, "") for group in task.candidate if group}
    for group, metric in task.figures:
        known[".".join(filter(None, (group, metric)))] = group, metric
    for name in (rest, *_same_as(rest)):
        if name in known:
            return task, *known[name]
    raise UserError(f"{gate.file}: {not_found(f'{task.name} metric', rest, known)}")


def _same_as(name: str) -> Iterator[str]:
    """Other names of the same figure."""
    group, dot, metric = name.rpartition(".")
    if metric in ALIASES:
        yield f"{group}{dot}{ALIASES[metric]}"
    for end in BOUNDS:
        if name.endswith(end):
            yield name.removesuffix(end)


def _counted(gate: Gate, rule: str, limit: float, part: Part, pair: Pair | None) -> RuleResult:
    """A rule about what was counted: it holds or not, and no test is needed."""
    if rule == "min_n":
        value = float(part.n if pair is None or pair.candidate.n is None else pair.candidate.n)
        return _plain(gate, rule, limit, value, value >= limit, f"{value:,.0f} items")
    if rule == "max_flip_rate":
        flips = part.figures.get("flip_rate")
        if flips is None:
            raise UserError(
                f"{gate.file}, {gate.key}: max_flip_rate needs runs with both orders of"
                " presentation (--order both)"
            )
        return _share(gate, rule, limit, flips.value, "verdicts that change with the order")
    count = part.unparsed if rule == "max_unparsed" else part.failed
    what = "outputs that could not be read" if rule == "max_unparsed" else "outputs that failed"
    return _share(gate, rule, limit, count / max(1, part.outputs), what)


def _share(gate: Gate, rule: str, limit: float, share: float, what: str) -> RuleResult:
    return _plain(gate, rule, limit, share, share <= limit, f"{share:.2%} of {what}")


def _plain(gate: Gate, rule: str, limit: float, value: float, holds: bool, what: str) -> RuleResult:
    outcome: Outcome = "pass" if holds else "fail"
    need = "at least" if rule == "min_n" else "at most"
    bound = f"{limit:,.0f}" if rule == "min_n" else f"{limit:.2%}"
    return RuleResult(gate.key, rule, limit, outcome, outcome, f"{what}; {need} {bound}", value)


@dataclass(frozen=True)
class _Test:
    """Is the truth at or above a threshold? ``estimate`` is of what should be high."""

    estimate: Estimate
    threshold: float
    rules: Rules

    @property
    def bounds(self) -> tuple[float, float]:
        confidence = self.rules.confidence
        return self.estimate.lower(confidence), self.estimate.upper(confidence)

    @property
    def outcome(self) -> Outcome:
        low, high = self.bounds
        if low >= self.threshold:
            return "pass"
        return "fail" if high < self.threshold else "inconclusive"

    def needed(self, value: float) -> int | None:
        """Clusters that decide if ``value`` is the truth, one way or the other."""
        away = value - self.threshold
        side = 1 if away > 0 else -1
        imaginary = self.estimate.imaginary
        middle = sum(imaginary) / max(1, len(imaginary))
        return units_needed(
            # Mirrored about the middle of the imaginary clusters, below is above.
            difference=middle + side * (value - middle),
            margin=-(middle + side * (self.threshold - middle)),
            deviation=self.estimate.deviation,
            confidence=self.rules.confidence,
            chance=self.rules.power,
            imaginary=imaginary,
        )


def _tested(gate: Gate, rule: str, limit: float, pair: Pair, task: PairedTask) -> RuleResult:
    drop = rule == "max_drop"
    if drop and not pair.sign:
        raise UserError(
            f"{gate.file}, {gate.key}: max_drop has no meaning, as {pair.metric} is no better for"
            " being higher or lower; use min and max"
        )
    estimate = pair.estimate if drop else pair.level
    if estimate is None:
        raise UserError(
            f"{gate.file}, {gate.key}: {rule} needs a figure with an interval, and {pair.metric}"
            " has none here; use the figures it is made of"
        )
    if isnan(estimate.value):
        reason = f"{pair.metric} is undefined on these items"
        return judged(gate, rule, limit, "inconclusive", reason, None)
    if drop and task.same_outputs:
        return judged(gate, rule, limit, "pass", "no output differs", 0.0)
    side = pair.sign if drop else -1 if rule == "max" else 1
    own = replace(
        estimate,
        value=side * estimate.value,
        imaginary=tuple(sorted((side * one for one in estimate.imaginary), reverse=True)),
    )
    test = _Test(own, -limit if drop else side * limit, gate.rules)
    return _explained(gate, rule, limit, side, test, pair)


def _explained(
    gate: Gate, rule: str, limit: float, side: int, test: _Test, pair: Pair
) -> RuleResult:
    low, high = test.bounds
    outcome = test.outcome
    bound = side * (low if outcome == "pass" or test.estimate.value >= test.threshold else high)
    what = "change" if rule == "max_drop" else pair.metric
    sure = f"{gate.rules.confidence:.4g}"
    edges = sorted((side * low, side * high))
    reason = (
        f"{what} {side * test.estimate.value:+.4f}, one-sided {sure} bounds"
        f" [{edges[0]:+.4f}, {edges[1]:+.4f}]; {rule} {limit:g}"
    )
    found = judged(gate, rule, limit, outcome, reason, side * test.estimate.value)
    found = replace(found, bound=bound, confidence=gate.rules.confidence)
    if outcome != "inconclusive":
        return found
    items = pair.candidate.n or 0
    scale = items / max(1, test.estimate.clusters)
    seen, none = (
        None if clusters is None else ceil(clusters * scale)
        for clusters in (test.needed(test.estimate.value), test.needed(0.0))
    )
    needed = (seen, none if rule == "max_drop" else seen)
    return replace(found, needed=needed, reason=f"{reason}. {_wanted(rule, items, needed)}")


def _wanted(rule: str, items: int, needed: tuple[int | None, int | None]) -> str:
    """How many items would decide."""
    seen, none = needed
    if seen is None:
        text = f"{items:,} items do not decide, and no number would if this is the true value"
    else:
        text = f"{items:,} items do not decide; about {seen:,} would if this is the true value"
    if rule != "max_drop" or none is None:
        return text
    return f"{text}, {none:,} if there is no difference"


def judged(
    gate: Gate, rule: str, limit: float, decided: Outcome, reason: str, value: float | None
) -> RuleResult:
    """With what counts where the items do not decide."""
    outcome = decided
    if decided == "inconclusive" and gate.rules.on_inconclusive != "inconclusive":
        outcome = gate.rules.on_inconclusive
        reason = f"{reason} (on_inconclusive: {outcome})"
    return RuleResult(gate.key, rule, limit, outcome, decided, reason, value)
