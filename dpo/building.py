"""``unieval build-preferences``: from prompts to a preference data set.

The output folder holds ``preferences.parquet``, ``README.md`` (its data card), ``results.json``,
``manifest.json``, ``media/``, ``candidates.sqlite`` and ``judging/``.
Running a configuration again goes on where its output folder stands.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from contextlib import closing
from importlib.metadata import PackageNotFoundError, version
from itertools import zip_longest
from pathlib import Path
from typing import Any

from ..harness import manifest
from ..harness.errors import UserError
from ..harness.items import Candidate as Shown
from ..harness.items import Media
from ..harness.progress import tell
from ..harness.store import write_json
from ..reward_training.claims import is_claimed
from .build_figures import figures
from .build_settings import BuildSettings, load_build_settings
from .candidates import Candidate, CandidateStore, Generator, collect, given, wanted
from .contests import Compared, Contest
from .data_card import card
from .generators import generator
from .judging import Judging, Usage
from .making import makers
from .media_files import MediaFolder
from .outcomes import Outcome
from .preference_table import kept_rows, write_table
from .prompts_file import Prompt, Prompts, read_prompts
from .ranking import Pair, Result, agreed, bradley_terry, pairs_of, rounds_of
from .sifting import Choice, Reason, Standing, sift

RESULTS = "results.json"
TABLE = "preferences.parquet"
_CARD = "README.md"
_EXTRA_PACKAGES = ("diffusers", "pyarrow")


def build(config: Path) -> dict[str, Any]:
    """Build a preference data set as a configuration file says; as :func:`build_with`.

    Args:
        config: YAML file.
    """
    return build_with(load_build_settings(config))


def build_with(settings: BuildSettings) -> dict[str, Any]:
    """Build a preference data set, or go on with it.

    Returns:
        What ``results.json`` holds.

    Raises:
        UserError: a setting, the prompts, the generator or the judge does not fit, or the output
            folder belongs to another data set.
    """
    file = settings.prompts or settings.candidates.file
    assert file is not None
    prompts = read_prompts(
        file,
        settings.modality,
        settings.objective,
        with_candidates=settings.candidates.file is not None,
    )
    makes, judging = generator(settings, prompts), Judging(settings)
    identity = _identity(settings, prompts, makes, judging)
    _claim(settings, identity)
    if (settings.output / RESULTS).is_file():
        tell(f"{settings.output} is complete; nothing is left to do")
        found: dict[str, Any] = json.loads((settings.output / RESULTS).read_text("utf-8"))
        return found
    with CandidateStore(settings.output) as store:
        return _built(settings, prompts, makes, judging, store, identity)


def _identity(
    settings: BuildSettings, prompts: Prompts, makes: Generator, judging: Judging
) -> dict[str, Any]:
    """What decides the data set; a build goes on only where all of it agrees."""
    of = settings.candidates
    return {
        "modality": settings.modality,
        "objective": settings.objective,
        "prompts": {"rows": len(prompts.rows), "fingerprint": prompts.fingerprint},
        "candidates": {
            **({} if of.file else {"count": of.count, "seed": of.seed}),
            "generator": dict(makes.identity()),
        },
        "judge": judging.identity(),
        "ranking": settings.ranking.model_dump(mode="json"),
        "sifting": settings.sifting.model_dump(mode="json"),
    }


def _claim(settings: BuildSettings, identity: dict[str, Any]) -> None:
    """Write the output folder's manifest, or check that it holds this very data set."""
    folder = settings.output
    if is_claimed(folder, identity, "preferences"):
        return
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UserError(f"cannot make {folder}: {error.strerror}; choose another output") from None
    environment = manifest.environment(settings.batch_size or 0)
    for name in _EXTRA_PACKAGES:
        try:
            environment["packages"][name] = version(name)
        except PackageNotFoundError:
            continue
    manifest.write_or_match(folder, identity, environment)


def _built(
    settings: BuildSettings,
    prompts: Prompts,
    makes: Generator,
    judging: Judging,
    store: CandidateStore,
    identity: dict[str, Any],
) -> dict[str, Any]:
    media = MediaFolder(settings.output)
    of = settings.candidates
    asked = given(prompts.rows) if of.file else wanted(prompts.rows, of.count, of.seed)
    with closing(makers(settings, prompts, makes, tell)) as making:
        collect(store, media, making, asked)
    outcomes, usages = _judged(settings, prompts, judging, store, media)
    judging.close()
    rows = list(kept_rows(settings, outcomes, prompts.folder, media))
    write_table(settings.output / TABLE, settings, rows, media)
    found = figures(settings, outcomes, usages, order_free=judging.judge.supports.order_free)
    text = card(settings, identity, found, rows)
    (settings.output / _CARD).write_text(text, encoding="utf-8")
    write_json(settings.output / RESULTS, found)
    tell(f"{found['kept']:,} of {found['prompts']:,} prompts have a preference")
    for name, number in found["rejected"].items():
        tell(f"  {number:,} without: {name}")
    return found


def _judged(
    settings: BuildSettings,
    prompts: Prompts,
    judging: Judging,
    store: CandidateStore,
    media: MediaFolder,
) -> tuple[list[Outcome], list[Usage]]:
    """Compare, score and sift the candidates of all prompts."""
    every = list(store.of_each(len(prompts.rows)))
    usable = [_distinct(candidates, bool(settings.candidates.file)) for candidates in every]
    entered = [n for n, found in enumerate(usable) if not isinstance(found, Reason)]
    contests = [
        contest(settings, prompts, n, found, media)
        for n, found in enumerate(usable)
        if not isinstance(found, Reason)
    ]
    compared, scores, usages = _tournament(settings, judging, contests)
    judged = {n: (compared[place], scores[place]) for place, n in enumerate(entered)}
    outcomes = []
    for n, prompt in enumerate(prompts.rows):
        found = usable[n]
        if isinstance(found, Reason):
            outcomes.append(Outcome(n, prompt, every[n], (), (), (), (), found))
        else:
            outcomes.append(_outcome(settings, n, prompt, every[n], found, *judged[n]))
    return outcomes, usages


def _distinct(candidates: Sequence[Candidate], are_given: bool) -> list[Candidate] | Reason:
    """The first of each group of equal candidates, or why there are fewer than two."""
    made = [c for c in candidates if c.failure is None]
    saying = [c for c in made if c.key]
    distinct = list({c.key: c for c in reversed(saying)}.values())[::-1]
    if len(distinct) >= 2:
        return distinct
    if len(candidates) < 2 and are_given:
        return Reason.TOO_FEW
    if len(made) < 2:
        own = candidates and all(c.own_media for c in candidates)
        return Reason.MEDIA if own else Reason.GENERATION
    return Reason.EMPTY if len(saying) < 2 else Reason.IDENTICAL


def contest(
    settings: BuildSettings,
    prompts: Prompts,
    number: int,
    candidates: Sequence[Candidate],
    media: MediaFolder,
) -> Contest:
    """Candidates of one prompt as a judge is shown them.

    Args:
        settings: the data set's.
        prompts: all of them.
        number: which of them.
        candidates: its own; all are usable.
        media: where theirs lie.
    """
    prompt = prompts.rows[number]
    context = tuple(
        Media(settings.modality, str(prompts.folder / name), name=name) for name in prompt.media
    )
    shown: tuple[Shown, ...] = tuple(
        c.text or "" if c.media is None else media.media(settings.modality, c.media)
        for c in candidates
    )
    return Contest(prompt.id, prompt.text, context, shown)


Scores = dict[int, float | None]


def _tournament(
    settings: BuildSettings, judging: Judging, contests: Sequence[Contest]
) -> tuple[list[list[Compared]], list[Scores], list[Usage]]:
    """Of each contest, what was said of its pairs and of its candidates alone; and each round."""
    compared: list[list[Compared]] = []
    scores: list[Scores] = []
    usages: list[Usage] = []
    # a judge has to see all media again in every round, unless it still remembers them
    size = settings.ranking.together if settings.ranking.plan == "swiss" else len(contests)
    for block, start in enumerate(range(0, len(contests), size or 1), 1):
        said, scored, used = _rounds(settings, judging, contests[start : start + size], block)
        compared += said
        scores += scored
        both = zip_longest(usages, used)
        usages = [a + b if a and b else a or b for a, b in both if a or b]
    return compared, scores, usages


def _rounds(
    settings: BuildSettings, judging: Judging, contests: Sequence[Contest], block: int
) -> tuple[list[list[Compared]], list[Scores], list[Usage]]:
    """All rounds of some contests."""
    compared: list[list[Compared]] = [[] for _ in contests]
    scores: list[Scores] = [{} for _ in contests]
    usages: list[Usage] = []
    own = settings.ranking
    lasts = [rounds_of(own.plan, len(c.candidates), own.rounds) for c in contests]
    for number in range(1, max(lasts, default=0) + 1):
        pairs: list[list[Pair]] = [
            pairs_of(own.plan, len(contest.candidates), _results(so_far)) if number <= last else []
            for contest, so_far, last in zip(contests, compared, lasts, strict=True)
        ]
        if number > 1 and not any(pairs):
            break
        judged, usage = judging.run(judging.round(number, contests, pairs, block), tell)
        usages.append(usage)
        for place, each in enumerate(judged):
            compared[place] += each.compared
            scores[place].update(each.scores)
    return compared, scores, usages


def _results(compared: Sequence[Compared]) -> list[Result]:
    return [Result(c.pair, agreed([answer.verdict for answer in c.answers])) for c in compared]


def _outcome(
    settings: BuildSettings,
    position: int,
    prompt: Prompt,
    every: Sequence[Candidate],
    distinct: Sequence[Candidate],
    compared: Sequence[Compared],
    scores: Scores,
) -> Outcome:
    results = _results(compared)
    strengths = bradley_terry(len(distinct), results, settings.ranking.prior)
    standings = [
        Standing(candidate.key, strength, scores.get(number))
        for number, (candidate, strength) in enumerate(zip(distinct, strengths, strict=True))
    ]
    choice = _choice(settings, compared, results, standings)
    return Outcome(position, prompt, every, distinct, compared, results, standings, choice)


def _choice(
    settings: BuildSettings,
    compared: Sequence[Compared],
    results: Sequence[Result],
    standings: Sequence[Standing],
) -> Choice | Reason:
    if all(result.verdict is None for result in results):
        failed = all(answer.failed for each in compared for answer in each.answers)
        return Reason.UNJUDGED if failed else Reason.UNREAD
    return sift(standings, settings.sifting.rule, settings.sifting.margin)
