"""Counts and figures of a data set: what was made, judged and kept, and what speaks for a bias."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np

from ..harness.items import Verdict
from ..harness.metrics import Score
from ..harness.statistics import Figure, intervals
from .build_settings import BuildSettings
from .judging import Usage
from .outcomes import Outcome
from .sifting import Choice, Reason

_DECIDED = (Verdict.FIRST, Verdict.SECOND)


def figures(
    settings: BuildSettings,
    outcomes: Sequence[Outcome],
    usages: Sequence[Usage],
    *,
    order_free: bool,
) -> dict[str, Any]:
    """All of it, as ``results.json`` holds it.

    Args:
        settings: the data set's.
        outcomes: of all prompts.
        usages: of all rounds.
        order_free: whether the judge knows no first and second.
    """
    kept = [o for o in outcomes if isinstance(o.choice, Choice)]
    reasons = Counter(o.choice for o in outcomes if isinstance(o.choice, Reason))
    encoded = [usage.encoded for usage in usages]
    return {
        "schema": 1,
        "prompts": len(outcomes),
        "kept": len(kept),
        "rejected": {reason.value: reasons[reason] for reason in Reason if reasons[reason]},
        "candidates": _candidates(outcomes),
        "pairs": _pairs(outcomes),
        "scores": _scores(settings, outcomes),
        "figures": {
            "agreement": _agreement(outcomes),
            **({} if order_free else {"first": _first(outcomes), "flips": _flips(outcomes)}),
            **({"longer": _longer(kept)} if settings.objective == "understanding" else {}),
        },
        "lengths": _lengths(kept) if settings.objective == "understanding" else {},
        "margins": _quartiles([o.choice.margin for o in kept if isinstance(o.choice, Choice)]),
        "judging": {
            "rounds": [vars(usage) for usage in usages],
            "calls": sum(usage.calls for usage in usages),
            "failed": sum(usage.failed for usage in usages),
            "encoded": None if None in encoded else sum(e or 0 for e in encoded),
            "media": _media(settings, outcomes),
        },
        "failed": sum(c.failure is not None for o in outcomes for c in o.all)
        + sum(usage.failed for usage in usages),
    }


def _candidates(outcomes: Sequence[Outcome]) -> dict[str, int]:
    every = [c for o in outcomes for c in o.all]
    saying = [c for c in every if c.failure is None and c.key]
    keys = sum(len({c.key for c in o.all if c.failure is None and c.key}) for o in outcomes)
    return {
        "asked": len(every),
        "failed": sum(c.failure is not None for c in every),
        "empty": sum(c.failure is None and not c.key for c in every),
        "cut_off": sum(c.truncated for c in every),
        "merged": len(saying) - keys,
        "judged": sum(len(o.distinct) for o in outcomes),
    }


def _pairs(outcomes: Sequence[Outcome]) -> dict[str, int]:
    verdicts = [result.verdict for o in outcomes for result in o.results]
    return {
        "compared": len(verdicts),
        "decided": sum(verdict in _DECIDED for verdict in verdicts),
        "ties": sum(verdict is Verdict.TIE for verdict in verdicts),
        "unread": sum(verdict is None for verdict in verdicts),
    }


def _scores(settings: BuildSettings, outcomes: Sequence[Outcome]) -> dict[str, int]:
    if settings.sifting.rule == "ranking":
        return {}
    scores = [standing.score for o in outcomes for standing in o.standings]
    return {"asked": len(scores), "unread": sum(score is None for score in scores)}


def _media(settings: BuildSettings, outcomes: Sequence[Outcome]) -> int:
    """How many different images or videos the judge was shown."""
    judged = [o for o in outcomes if o.distinct]
    if settings.objective == "understanding":
        return len({name for o in judged for name in o.prompt.media})
    return len({c.media for o in judged for c in o.distinct})


def _agreement(outcomes: Sequence[Outcome]) -> dict[str, Any]:
    """Share of decided pairs whose winner has the higher score, where both have one."""
    found = []
    for o in outcomes:
        for result in o.results:
            first, second = (o.standings[n].score for n in result.pair)
            if result.verdict in _DECIDED and first is not None and second is not None:
                ahead = first - second if result.verdict is Verdict.FIRST else second - first
                found.append((o.position, ahead > 0))
    return _share(found)


def _first(outcomes: Sequence[Outcome]) -> dict[str, Any]:
    """Share of decided answers in favour of what was shown first."""
    return _share(
        [
            (o.position, (answer.verdict is Verdict.FIRST) == (answer.order == "ab"))
            for o in outcomes
            for each in o.compared
            for answer in each.answers
            if answer.verdict in _DECIDED
        ]
    )


def _flips(outcomes: Sequence[Outcome]) -> dict[str, Any]:
    """Share of pairs decided in both orders whose winner depends on the order."""
    both = [
        (o.position, {answer.verdict for answer in each.answers})
        for o in outcomes
        for each in o.compared
        if len(each.answers) == 2 and all(a.verdict in _DECIDED for a in each.answers)
    ]
    return _share([(position, len(verdicts) == 2) for position, verdicts in both])


def _longer(kept: Sequence[Outcome]) -> dict[str, Any]:
    """Share of preferences whose chosen answer is the longer one."""
    return _share([(o.position, len(_texts(o)[0]) > len(_texts(o)[1])) for o in kept])


def _texts(outcome: Outcome) -> tuple[str, str]:
    choice = outcome.choice
    assert isinstance(choice, Choice)
    return outcome.distinct[choice.chosen].key, outcome.distinct[choice.rejected].key


def _lengths(kept: Sequence[Outcome]) -> dict[str, Any]:
    """Quartiles of the texts' lengths in characters."""
    return {
        name: _quartiles([float(len(_texts(o)[place])) for o in kept])
        for place, name in enumerate(("chosen", "rejected"))
    }


def _quartiles(values: Sequence[float]) -> list[float] | None:
    if not values:
        return None
    return [round(float(v), 4) for v in np.quantile(np.array(values), [0.25, 0.5, 0.75])]


def _share(found: Sequence[tuple[int, bool]]) -> dict[str, Any]:
    """A share with its 95% interval, prompts resampled whole; *None* where there is nothing."""
    if not found:
        return {"value": None, "ci95": None, "n": 0}
    clusters = np.array([position for position, _ in found], dtype=np.int64)
    figure = Figure.ratio(np.array([hit for _, hit in found]), np.ones(len(found), dtype=np.int8))
    low, high = intervals({"share": figure}, clusters)["share"]
    return Score(figure.value, low, high, len(found)).as_json()
