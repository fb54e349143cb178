"""Outputs of a model to the test prompts: how true they are, and what the judge says of them."""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from ...harness.progress import tell
from ..building import contest
from ..candidates import Candidate, CandidateStore, collect, wanted
from ..generators import generator
from ..judging import Judging
from ..making import makers
from ..media_files import MediaFolder
from .tracks import Track


@dataclass(frozen=True)
class Samples:
    """Outputs by prompt and sample; shape (prompts, samples) each.

    Attributes:
        outputs: texts, or media relative to the reproduction's folder; empty where it could not
            be made.
        truths: from 0 to 1.
        judged: the judge's scores; *None* where one could not be read.
    """

    outputs: list[list[str]]
    truths: list[list[float]]
    judged: list[list[float | None]]


def sample(track: Track, prompts: Path, model: Path, folder: Path) -> Samples:
    """Let a model answer (or draw, or film) the test prompts, or go on with that.

    Every sample has a seed that depends on prompt and number alone, so samples of two models begin
    with the same noise.

    Args:
        track: what is asked.
        prompts: folder of the prompts.
        model: which model.
        folder: gets the outputs.
    """
    settings = track.building(prompts, model, max(2, track.settings.samples), folder)
    asked = track.read_prompts(prompts)
    media = MediaFolder(folder)
    with CandidateStore(folder) as store:
        every = wanted(asked.rows, track.settings.samples, settings.candidates.seed)
        with closing(makers(settings, asked, generator(settings, asked), tell)) as making:
            collect(store, media, making, every)
        made = list(store.of_each(len(asked.rows)))
    judging = Judging(settings)
    contests = [
        contest(settings, asked, number, [one for one in candidates if one.usable], media)
        for number, candidates in enumerate(made)
    ]
    said, _ = judging.run(judging.round(1, contests, [()] * len(contests)), tell)
    judging.close()
    judged = []
    for candidates, of in zip(made, said, strict=True):
        scores = iter(of.scores.values())  # in order of the usable ones
        judged.append([next(scores) if one.usable else None for one in candidates])
    return Samples(
        [[_output(one, folder) for one in candidates] for candidates in made],
        track.truths(prompts, made, folder),
        judged,
    )


def _output(one: Candidate, folder: Path) -> str:
    return one.key if one.media is None else f"{folder.name}/{one.media}"
