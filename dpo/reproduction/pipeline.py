"""``unieval reproduce``: judge, benchmarks, models, preferences, alignment, evaluation, report.

``OUT`` holds a folder a stage, ``report.md`` with its figures, ``results.json`` and
``manifest.json``. The same command goes on where it was stopped.
"""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Any, cast

from ...harness import manifest
from ...harness.store import write_json
from ...reward_training.claims import is_claimed
from ..building import TABLE, build_with
from ..candidates import CandidateStore
from .comparing import agreement, difference, gain, mean, plain, quality
from .pair_files import PAIRS, Choosing, choosings, write_pairs
from .report import write_report
from .sampling import Samples, sample
from .settings import TRACKS, ModelName, PairKind, Preset, TrackName
from .side_by_side import side_by_side
from .stages import Stages
from .tracks import Track, model_of, train_model

REPORT = "report.md"
RESULTS = "results.json"


def reproduce(preset: Preset, out: Path) -> Path:
    """Carry out a reproduction, or go on with it.

    Args:
        preset: its settings.
        out: folder that everything is written into.

    Returns:
        The report.

    Raises:
        UserError: the folder holds one with other settings, or something else.
    """
    identity = {"reproduction": preset.model_dump(mode="json")}
    if not is_claimed(out, identity, "a reproduction"):
        out.mkdir(parents=True, exist_ok=True)
        manifest.write_or_match(out, identity, manifest.environment(0))
    stages = Stages(out, 1 + _expected(preset))
    judge = _judge(preset, stages)
    benchmarks = stages.run("benchmarks", lambda folder: _benchmarks(judge, folder))
    longest_first = [name for name in reversed(TRACKS) if name in judge.tracks]
    if len(longest_first) > 1:
        models = list(dict.fromkeys(map(model_of, longest_first)))
        side_by_side(models, out)
        for kind in models:  # what a process has left, before two tracks would train it at once
            _model(kind, judge, stages)
        side_by_side(longest_first, out)
    tracks = {name: _track(name, judge, stages) for name in judge.tracks}
    found = {
        "preset": preset.model_dump(mode="json"),
        "benchmarks": benchmarks,
        "tracks": tracks,
        "seconds": stages.seconds,
    }
    write_json(out / RESULTS, found)
    return write_report(out / REPORT, preset, found)


def carry_out(out: Path, part: ModelName | TrackName) -> None:
    """Carry out a part of a reproduction that was begun.

    Args:
        out: its folder.
        part: a model to be trained, or a track.

    Raises:
        UserError: the folder holds none, or a stage cannot be carried out.
    """
    preset = Preset.model_validate(manifest.read(out)["identity"]["reproduction"])
    for name, own in preset.tracks.items():
        if name == part:
            stages = Stages(out, _expected(preset.model_copy(update={"tracks": {name: own}})))
            _track(name, _judge(preset, stages), stages)
            return
    _model(cast(ModelName, part), preset, Stages(out, 1))


def _expected(preset: Preset) -> int:
    """How many stages there are but for the benchmarks."""
    models = len(set(map(model_of, preset.tracks)))
    learnt = sum(preset.trainings.values())
    return preset.train_judge + models + len(preset.tracks) * (2 + 1 + 2 * learnt + 1)


def _judge(preset: Preset, stages: Stages) -> Preset:
    """The preset, with the trained judge's checkpoint as the judge's argument."""
    if not preset.train_judge:
        return preset
    from ...reward_training.nano.recipe import Recipe, make

    recipe = Recipe(seed=preset.seed)
    made = stages.run("judge", lambda folder: make(folder / "nano", recipe).name)
    path = stages.out / "judge" / "nano" / made
    return preset.model_copy(update={"judge_args": {**preset.judge_args, "path": str(path)}})


def _benchmarks(preset: Preset, folder: Path) -> Any:
    """What each judge scores on each reward benchmark: the headline figures."""
    from ...harness.run import run

    found = {}
    for name in (preset.judge, *preset.benchmarks.beside):
        results = run(
            judge=name,
            judge_arguments=dict(preset.judge_args) if name == preset.judge else {},
            task=preset.benchmarks.tasks,
            data="demo",
            limit=preset.benchmarks.limit,
            seed=preset.seed,
            out=folder / name,
        )
        found[name] = results["tasks"]
    return found


def _model(kind: ModelName, preset: Preset, stages: Stages) -> Path:
    stage = f"model-{kind}"
    made: str = stages.run(stage, lambda folder: train_model(kind, preset, folder).name)
    return stages.out / stage / made


def _track(name: TrackName, preset: Preset, stages: Stages) -> dict[str, Any]:
    """Pairs for one track, models aligned with them, and what they have gained."""
    track = Track(name, preset, _model(model_of(name), preset, stages))
    prompts, tests = stages.out / f"{track.folder}-prompts", stages.out / f"{track.folder}-tests"
    stages.run(prompts.name, lambda folder: track.write_prompts(folder, test=False))
    stages.run(tests.name, lambda folder: track.write_prompts(folder, test=True))
    built = stages.out / f"{track.folder}-preferences"
    preferences = stages.run(built.name, lambda folder: _preferences(track, prompts, folder))
    base = _sampled(track, tests, track.model, f"{track.folder}-base", stages)
    aligned = {
        pairs: [_aligned(track, pairs, training, stages) for training in range(trainings)]
        for pairs, trainings in preset.trainings.items()
        if preferences["quality"][pairs]["pairs"]
    }
    return {
        "prompts": preferences["prompts"],
        "kept": preferences["kept"],
        "pairs": {pairs: preferences["quality"][pairs] for pairs in preset.pairs},
        "agreement": agreement(base.truths, base.judged),
        "base": {"truth": plain(mean(base.truths)), "judged": plain(mean(base.judged))},
        "aligned": {pairs: _gained(base, models) for pairs, models in aligned.items()},
        "over_chance": _over_chance(aligned),
        "examples": _examples(track, tests, base, {k: v[0] for k, v in aligned.items()}),
    }


def _preferences(track: Track, prompts: Path, folder: Path) -> dict[str, Any]:
    """Pairs that the judge has chosen; and what chance and the truth would have chosen."""
    settings = track.building(prompts, track.model, track.settings.candidates, folder / "judge")
    found = build_with(settings)
    chosen_from = _choosings(track, prompts, folder)
    rated: dict[str, Any] = {}
    for kind in track.preset.pairs:
        rated[kind] = plain(quality(chosen_from, kind, track.preset.seed))
        if kind == "judge":
            continue
        (folder / kind).mkdir(exist_ok=True)
        write_pairs(
            folder / kind,
            track.objective,
            track.modality,
            kind,
            chosen_from,
            folder / "judge",
            track.preset.seed,
        )
    return {"prompts": found["prompts"], "kept": found["kept"], "quality": rated}


def _choosings(track: Track, prompts: Path, folder: Path) -> list[Choosing]:
    rows = track.read_prompts(prompts).rows
    with CandidateStore(folder / "judge") as store:
        made = list(store.of_each(len(rows)))
    truths = track.truths(prompts, made, folder / "judge")
    return choosings(rows, made, truths, folder / "judge" / TABLE)


def _aligned(track: Track, kind: PairKind, training: int, stages: Stages) -> Samples:
    """Outputs of the model that was aligned with some kind of pairs, by some seed."""
    name = f"{track.folder}-{kind}-{training}"
    folder = stages.out / f"{track.folder}-preferences" / kind
    prompts, tests = stages.out / f"{track.folder}-prompts", stages.out / f"{track.folder}-tests"
    pairs, media = (folder, None) if kind == "judge" else (folder / PAIRS, prompts)
    shown = media if track.objective == "understanding" else None
    seed = track.preset.seed + training
    model = stages.run(f"{name}-model", lambda own: track.align(own, pairs, shown, seed).name)
    return _sampled(track, tests, stages.out / f"{name}-model" / model, f"{name}-tests", stages)


def _sampled(track: Track, tests: Path, model: Path, name: str, stages: Stages) -> Samples:
    return Samples(**stages.run(name, lambda folder: asdict(sample(track, tests, model, folder))))


def _gained(base: Samples, models: list[Samples]) -> dict[str, Any]:
    """By the truth and by the judge: the gain over all trainings, and of each."""
    return {
        "truth": plain(gain(base.truths, [model.truths for model in models])),
        "judged": plain(gain(base.judged, [model.judged for model in models])),
        "each": [plain(gain(base.truths, [model.truths])) for model in models],
    }


def _over_chance(aligned: dict[PairKind, list[Samples]]) -> dict[str, Any] | None:
    """By how much the judge's pairs gain more than random ones, training by training."""
    if not {"random", "judge"} <= aligned.keys():
        return None
    judge, chance = ([model.truths for model in aligned[kind]] for kind in ("judge", "random"))
    return plain(difference(chance, judge))


def _examples(
    track: Track, tests: Path, base: Samples, aligned: dict[PairKind, Samples]
) -> list[dict[str, Any]]:
    """The first sample of the first test prompts, by the base and each aligned model."""
    rows = track.read_prompts(tests).rows[: track.preset.examples]
    return [
        {
            "prompt": prompt.text,
            "shown": [f"{tests.name}/{name}" for name in prompt.media],
            "outputs": {
                name: {"output": model.outputs[n][0], "truth": model.truths[n][0]}
                for name, model in [("base", base), *aligned.items()]
            },
        }
        for n, prompt in enumerate(rows)
    ]
