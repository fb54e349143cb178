"""What a comparison of two runs is, whoever draws it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from math import isnan
from typing import Any, Literal

from ..harness.statistics import Difference

Outcome = Literal["pass", "fail", "inconclusive"]


@dataclass(frozen=True)
class Change:
    """One figure of both runs, and the difference, candidate minus baseline.

    Attributes:
        difference: ``None`` where the figure has no interval.
        mcnemar: exact p-value of clusters that got better against those that got worse, where the
            figure is a mean over items.
        sign: 1 where higher is better, -1 where lower is, 0 where neither is.
        headline: whether tables show it first.
    """

    task: str
    group: str
    metric: str
    baseline: float
    candidate: float
    n: int | None
    difference: Difference | None
    mcnemar: float | None
    sign: int
    headline: bool

    @property
    def name(self) -> str:
        """As a gate names it."""
        return ".".join(filter(None, (self.task, self.group, self.metric)))


@dataclass(frozen=True)
class Said:
    """One output: in which order (and vote), what was read, and the judge's own words."""

    order: str
    vote: int
    read: str
    text: str


@dataclass(frozen=True)
class Flip:
    """An item on which the two runs differ.

    ``better`` by how much it got better, from -1 (right in every output, then wrong in every one)
    to 1.
    """

    item: str
    group: str
    label: str
    prompt: str
    better: float
    baseline: tuple[Said, ...]
    candidate: tuple[Said, ...]


@dataclass(frozen=True)
class TaskComparison:
    """One task of both runs.

    Attributes:
        n: number of shared items.
        changes: every figure that both runs have.
        flips_of: the metric by which items got better or worse; empty if none is a mean over items.
        worse, better: how many items did.
        flips: the most telling of each, worse ones first.
        same_outputs: whether no output differs.
        notes: what to know before reading on.
    """

    task: str
    n: int
    changes: tuple[Change, ...]
    flips_of: str
    worse: int
    better: int
    flips: tuple[Flip, ...]
    same_outputs: bool
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class RuleResult:
    """What one rule of a gate says, with the reason in words.

    ``decided`` is the test's own outcome, ``outcome`` what counts (see ``on_inconclusive``).
    ``needed`` is how many items would decide: with the difference as seen, and if there were none.
    """

    gate: str
    rule: str
    limit: float
    outcome: Outcome
    decided: Outcome
    reason: str
    value: float | None
    bound: float | None = None
    confidence: float | None = None
    needed: tuple[int | None, int | None] | None = None


@dataclass(frozen=True)
class Comparison:
    """Two runs compared. ``differing`` names what the manifests say differs between them."""

    baseline: str
    candidate: str
    paths: tuple[str, str]
    differing: tuple[str, ...]
    tasks: tuple[TaskComparison, ...]
    gates: tuple[RuleResult, ...] = ()
    notes: tuple[str, ...] = field(default=())

    @property
    def outcome(self) -> Outcome:
        """The worst outcome of all gates; *pass* if there are none."""
        return worst([result.outcome for result in self.gates])

    @property
    def exit_code(self) -> int:
        """0 all gates pass, 1 one fails, 4 none fails but one could not decide."""
        return {"pass": 0, "fail": 1, "inconclusive": 4}[self.outcome]

    def as_json(self) -> dict[str, Any]:
        """All of it for ``--json``; undefined numbers are null."""
        content = {"schema": 1, "outcome": self.outcome, **asdict(self)}
        found: dict[str, Any] = defined(content)
        return found


def worst(outcomes: Sequence[Outcome]) -> Outcome:
    """*fail* before *inconclusive* before *pass*."""
    order: tuple[Outcome, ...] = ("fail", "inconclusive")
    return next((outcome for outcome in order if outcome in outcomes), "pass")


def defined(content: Any) -> Any:
    """The content with undefined numbers (``nan``) as ``None``."""
    if isinstance(content, dict):
        return {key: defined(value) for key, value in content.items()}
    if isinstance(content, list | tuple):
        return [defined(value) for value in content]
    return None if isinstance(content, float) and isnan(content) else content
