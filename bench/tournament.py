"""What the plans of ``unieval build-preferences`` are worth, by judge call.

Without a model: candidates with known qualities, drawn from a normal distribution, and a judge
whose verdicts and scores are noisy. Printed is how good the chosen and the rejected candidate are
(in standard deviations of quality), for each plan at several budgets.

    python bench/tournament.py

With a judge: pictures of the shapes world, and how often its vision tower encodes each.

    python bench/tournament.py --judge unifiedreward-nano
"""

from __future__ import annotations

import argparse
import json
import math
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from unieval.dpo.ranking import (
    PlanName,
    Result,
    agreed,
    bradley_terry,
    pairs_of,
    rounds_of,
)
from unieval.dpo.sifting import Choice, Rule, Standing, sift
from unieval.harness.items import Verdict
from unieval.harness.registry import judges

COMPARING = {"pairs": "verdicts"}
"""Argument of vision-language judges: compare a pair in one question."""


@dataclass(frozen=True)
class NoisyJudge:
    """Prefers by Bradley and Terry's law, each time anew; scores are off by a normal error.

    Args:
        noise: qualities this far apart are told apart with odds of e to 1.
        error: standard deviation of a score around the quality.
        first: chance to prefer what is shown first, whatever it is.
        unread: chance of an answer that cannot be read.
    """

    noise: float = 0.5
    error: float = 0.7
    first: float = 0.0
    unread: float = 0.0

    def verdict(
        self, one: float, other: float, dice: np.random.Generator, order: str
    ) -> Verdict | None:
        if dice.random() < self.unread:
            return None
        if dice.random() < self.first:
            return Verdict.FIRST if order == "ab" else Verdict.SECOND
        chance = 1 / (1 + math.exp((other - one) / self.noise))
        return Verdict.FIRST if dice.random() < chance else Verdict.SECOND

    def score(self, quality: float, dice: np.random.Generator) -> float:
        return quality + self.error * dice.normal()


@dataclass(frozen=True)
class Sifted:
    """What became of one prompt; qualities are *None* where it yields nothing."""

    calls: int
    chosen: float | None
    rejected: float | None


def one_prompt(
    plan: PlanName,
    rule: Rule,
    candidates: int,
    judge: NoisyJudge,
    dice: np.random.Generator,
    rounds: int | None = None,
) -> Sifted:
    """Rank and sift candidates whose qualities are drawn."""
    qualities = dice.normal(size=candidates)
    results: list[Result] = []
    for _ in range(rounds_of(plan, candidates, rounds)):
        for pair in pairs_of(plan, candidates, results):
            one, other = (float(qualities[n]) for n in pair)
            said = [judge.verdict(one, other, dice, order) for order in ("ab", "ba")]
            results.append(Result(pair, agreed(said)))
    strengths = bradley_terry(candidates, results)
    asks = rule == "scores"
    standings = [
        Standing(str(n), strengths[n], judge.score(float(q), dice) if asks else None)
        for n, q in enumerate(qualities)
    ]
    calls = 2 * len(results) + candidates * asks
    choice = sift(standings, rule, 0.0)
    if not isinstance(choice, Choice):
        return Sifted(calls, None, None)
    return Sifted(calls, float(qualities[choice.chosen]), float(qualities[choice.rejected]))


@dataclass(frozen=True)
class Worth:
    """What a plan is worth on average; the gap counts prompts that yield nothing as zero."""

    calls: float
    kept: float
    chosen: float
    rejected: float
    gap: float
    error: float
    wrong: float


def worth(
    plan: PlanName,
    rule: Rule,
    candidates: int,
    judge: NoisyJudge,
    *,
    rounds: int | None = None,
    prompts: int = 1000,
    seed: int = 0,
) -> Worth:
    """The mean over many prompts, and the standard error of the gap."""
    dice = np.random.default_rng(seed)
    found = [one_prompt(plan, rule, candidates, judge, dice, rounds) for _ in range(prompts)]
    both = [
        (s.chosen, s.rejected) for s in found if s.chosen is not None and s.rejected is not None
    ]
    gaps = np.array([chosen - rejected for chosen, rejected in both])
    all_gaps = np.concatenate([gaps, np.zeros(prompts - len(gaps))])
    return Worth(
        float(np.mean([s.calls for s in found])),
        len(both) / prompts,
        float(np.mean([chosen for chosen, _ in both])),
        float(np.mean([rejected for _, rejected in both])),
        float(all_gaps.mean()),
        float(all_gaps.std() / math.sqrt(prompts)),
        float((gaps < 0).mean()),
    )


Line = tuple[PlanName, Rule, int, int | None]

SAME_CANDIDATES: tuple[Line, ...] = (
    ("disjoint", "ranking", 10, None),
    ("disjoint", "scores", 10, None),
    ("swiss", "ranking", 10, 2),
    ("swiss", "scores", 10, 2),
    ("swiss", "ranking", 10, 4),
    ("swiss", "scores", 10, 4),
    ("swiss", "ranking", 10, 6),
    ("round_robin", "ranking", 10, None),
    ("round_robin", "scores", 10, None),
)
SAME_CALLS: tuple[Line, ...] = (
    ("disjoint", "scores", 10, None),  # 20 calls
    ("swiss", "ranking", 10, 2),
    ("round_robin", "ranking", 5, None),
    ("disjoint", "scores", 20, None),  # 40 calls
    ("swiss", "scores", 10, 3),
    ("swiss", "ranking", 10, 4),
    ("round_robin", "ranking", 7, None),
    ("disjoint", "scores", 50, None),  # 100 calls
    ("swiss", "scores", 20, 4),
    ("swiss", "ranking", 20, 5),
    ("round_robin", "scores", 10, None),
)


def show(title: str, lines: tuple[Line, ...], judge: NoisyJudge, prompts: int) -> None:
    print(f"\n{title}")
    print("plan         rule     candidates rounds  calls   kept  chosen rejected    gap   wrong")
    for plan, rule, candidates, rounds in lines:
        w = worth(plan, rule, candidates, judge, rounds=rounds, prompts=prompts)
        print(
            f"{plan:12} {rule:8} {candidates:10} {rounds_of(plan, candidates, rounds):6}"
            f" {w.calls:6.0f} {w.kept:6.2f} {w.chosen:7.2f} {w.rejected:8.2f}"
            f" {w.gap:6.2f} {w.wrong:7.3f}"
        )


def drawn_candidates(folder: Path, prompts: int, candidates: int) -> Path:
    """A candidates file of pictures that imaginary models drew for captions."""
    from unieval.harness.truth import with_truth
    from unieval.tasks.shapes.caption import caption
    from unieval.tasks.shapes.dice import Dice
    from unieval.tasks.shapes.draw import encode
    from unieval.tasks.shapes.pairs import PAINTERS
    from unieval.tasks.shapes.pictures import picture
    from unieval.tasks.shapes.scene import generate

    def rows() -> Iterator[dict[str, object]]:
        for number in range(prompts):
            dice = Dice("tournament", number)
            asked = generate(dice)
            said = caption(asked)
            names = []
            for place in range(candidates):
                made = picture(asked, said, dice.choice(tuple(PAINTERS.values())), dice)
                name = f"{number}-{place}.png"
                (folder / name).write_bytes(with_truth(encode(made.pixels()), made.truth()))
                names.append(name)
            yield {"prompt": said.text, "candidates": names}

    file = folder / "candidates.jsonl"
    file.write_text("".join(json.dumps(row) + "\n" for row in rows()))
    return file


def encodes(judge: str, prompts: int, candidates: int) -> None:
    """Build data sets of drawn pictures with each plan, and print what the judge did for them."""
    import yaml
    from unieval.dpo.building import build

    print(f"\n{judge}, {prompts} prompts, {candidates} pictures each")
    print("plan         rule     calls  pictures  encoded  each  kept  seconds")
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        file = drawn_candidates(folder, prompts, candidates)
        for plan, rule in (
            ("disjoint", "scores"),
            ("swiss", "scores"),
            ("round_robin", "scores"),
            ("round_robin", "ranking"),
        ):
            config = folder / f"{plan}-{rule}.yaml"
            content = {
                "modality": "image",
                "objective": "generation",
                "candidates": {"file": file.name},
                "judge": judge,
                "judge_args": COMPARING if "pairs" in judges.get(judge).parameters else {},
                "ranking": {"plan": plan},
                "sifting": {"rule": rule},
                "output": f"out-{plan}-{rule}",
            }
            config.write_text(yaml.safe_dump(content))
            found = build(config)
            spent = found["judging"]
            seconds = sum(each["seconds"] for each in spent["rounds"])
            encoded = spent["encoded"]
            each = "-" if encoded is None else f"{encoded / spent['media']:.2f}"
            print(
                f"{plan:12} {rule:8} {spent['calls']:5} {spent['media']:9} {encoded!s:>8}"
                f" {each:>5} {found['kept']:5} {seconds:8.1f}"
            )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--prompts", type=int, default=1000)
    parser.add_argument("--judge")
    parser.add_argument("--judged-prompts", type=int, default=8)
    parser.add_argument("--candidates", type=int, default=10)
    given = parser.parse_args()
    if given.judge:
        encodes(given.judge, given.judged_prompts, given.candidates)
        return
    judge = NoisyJudge()
    show("The same ten candidates, more and more calls", SAME_CANDIDATES, judge, given.prompts)
    show("The same calls, spent in different ways", SAME_CALLS, judge, given.prompts)


if __name__ == "__main__":
    main()
