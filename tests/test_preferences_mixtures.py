"""Mixtures: YAML files, and what is built of them."""

from __future__ import annotations

import random
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
import yaml
from conftest import write_jsonl
from test_preferences_data import hub_image, pair, write_json, write_parquet
from unieval.harness.errors import UserError
from unieval.harness.items import Verdict
from unieval.reward_training.adapters import ADAPTERS
from unieval.reward_training.mixtures import SHIPPED, Mixture, Source, build, load_mixture
from unieval.reward_training.plain import write_jsonl as write_preferences
from unieval.reward_training.preferences import Preference
from unieval.reward_training.sampling import (
    verdicts,
)


def rows(count: int, source: str) -> list[Preference]:
    return [
        pair(f"{i}", prompt=f"{source} {i % (count // 2)}", source=source) for i in range(count)
    ]


@pytest.fixture
def data(tmp_path: Path) -> Path:
    folder = tmp_path / "data"
    folder.mkdir()
    for name, count in (("one", 80), ("two", 40)):
        write_jsonl(
            folder / f"{name}.jsonl",
            [
                {
                    "id": p.id,
                    "source": p.source,
                    "modality": "image",
                    "objective": "generation",
                    "prompt": p.prompt,
                    "candidates": [f"{p.id}-a.png", f"{p.id}-b.png"],
                    "verdict": "first",
                }
                for p in rows(count, name)
            ],
        )
    return folder


def write_yaml(path: Path, settings: dict[str, Any]) -> Path:
    path.write_text(yaml.safe_dump(settings))
    return path


def settings_of(**more: Any) -> dict[str, Any]:
    return {
        "root": "data",
        "held_out": 0.2,
        "sources": {
            "one": {"adapter": "jsonl", "data": "one.jsonl", "cap": 60},
            "two": {"adapter": "jsonl", "data": "two.jsonl"},
        },
    } | more


def test_a_mixture_from_yaml(tmp_path: Path, data: Path) -> None:
    mixture = load_mixture(write_yaml(tmp_path / "m.yaml", settings_of(seed=5)))
    built = build(mixture)
    assert len(built.train) + len(built.held_out) == 100
    assert not {p.prompt for p in built.train} & {p.prompt for p in built.held_out}
    assert built.before == {"first": len(built.train), "second": 0, "tie": 0}
    assert 0 < built.after["first"] < len(built.train)
    assert verdicts(built.train) == built.after
    assert build(mixture) == built
    other = build(load_mixture(write_yaml(tmp_path / "m.yaml", settings_of(seed=6))))
    assert [p.id for p in other.train] != [p.id for p in built.train]


def test_a_mixture_does_not_depend_on_the_order_of_rows_or_sources(
    tmp_path: Path, data: Path
) -> None:
    given_settings = settings_of()
    built = build(load_mixture(write_yaml(tmp_path / "m.yaml", given_settings)))
    for file in data.glob("*.jsonl"):
        lines = file.read_text().splitlines(keepends=True)
        file.write_text("".join(random.Random(1).sample(lines, len(lines))))
    sources = dict(reversed(given_settings["sources"].items()))
    again = build(load_mixture(write_yaml(tmp_path / "m.yaml", settings_of(sources=sources))))
    assert again == built


def test_a_mixture_is_the_same_in_every_process(tmp_path: Path, data: Path) -> None:
    path = write_yaml(tmp_path / "m.yaml", settings_of())
    script = (
        "import sys; from unieval.reward_training.mixtures import build, load_mixture\n"
        "train = build(load_mixture(sys.argv[1])).train\n"
        "print(*[(p.source, p.id, p.verdict.value) for p in train])"
    )
    outputs = {
        subprocess.run(
            [sys.executable, "-c", script, str(path)],
            capture_output=True,
            text=True,
            check=True,
            env={"PYTHONHASHSEED": hash_seed},
        ).stdout
        for hash_seed in ("1", "2")
    }
    here = build(load_mixture(path)).train
    assert outputs == {" ".join(str((p.source, p.id, p.verdict.value)) for p in here) + "\n"}


def test_weights_repeat_small_sources_only_when_a_size_asks_for_it(
    tmp_path: Path, data: Path
) -> None:
    sources = settings_of()["sources"]
    sources["one"]["weight"], sources["two"]["weight"] = 1, 3
    settings_ = settings_of(sources=sources, held_out=0)
    built = build(load_mixture(write_yaml(tmp_path / "m.yaml", settings_)))
    assert Counter(p.source for p in built.train) == {"one": 13, "two": 40}
    built = build(load_mixture(write_yaml(tmp_path / "m.yaml", settings_ | {"size": 200})))
    assert Counter(p.source for p in built.train) == {"one": 50, "two": 150}
    assert {Counter(p.id for p in built.train if p.source == "two")[str(i)] for i in range(40)} == {
        3,
        4,
    }


def test_skipped_rows_are_counted_by_source(tmp_path: Path, data: Path) -> None:
    with (data / "two.jsonl").open("a") as file:
        file.write('{"id": "x", "source": "two"}\n')
    with pytest.raises(UserError, match=r"two\.jsonl, row 40, column 'modality': is missing"):
        build(load_mixture(write_yaml(tmp_path / "m.yaml", settings_of())))
    built = build(load_mixture(write_yaml(tmp_path / "m.yaml", settings_of(skip_bad=True))))
    assert built.skipped == {"one": {}, "two": {"modality: is missing": 1}}


def test_balance_can_be_left_out(tmp_path: Path, data: Path) -> None:
    built = build(load_mixture(write_yaml(tmp_path / "m.yaml", settings_of(balance=False))))
    assert built.before == built.after
    assert {p.verdict for p in built.train + built.held_out} == {Verdict.FIRST}


def test_embedded_media_of_a_mixture_can_be_saved_and_written(tmp_path: Path) -> None:
    oip = [{"prompt": f"p{i}", "chosen": hub_image(i), "rejected": hub_image(9)} for i in range(3)]
    write_parquet(tmp_path / "data" / "oip" / "train-0.parquet", oip)
    mixture = Mixture({"oip": Source("oip")}, root=tmp_path / "data", save_media=tmp_path / "saved")
    built = build(mixture)
    assert all(media.data is None for p in built.train for media in p.media)
    assert write_preferences(tmp_path / "train.jsonl", built.train) == 3


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"sorces": {}}, "sorces: Unexpected keyword argument"),
        ({"sources": {}}, "sources: must name at least one data set"),
        ({"sources": {"hpd": {}}}, "sources.hpd.data: Field required"),
        ({"sources": {"hpd": {"data": "x", "cap": 0}}}, "sources.hpd.cap: must be positive"),
        ({"sources": {"hpd": {"data": "x", "cap": "many"}}}, "sources.hpd.cap: Input should be"),
        ({"sources": {"hpd": {"data": "x", "weight": -1}}}, "weight: must be a positive number"),
        ({"sources": {"hdp": {"data": "x"}}}, "adapter 'hdp' not found; did you mean 'hpd'"),
        ({"held_out": 1}, "held_out: must be a share"),
        ({"size": 0}, "size: must be positive"),
        ({"seed": "x"}, "seed: Input should be a valid integer"),
    ],
)
def test_settings_that_do_not_fit(tmp_path: Path, change: dict[str, Any], message: str) -> None:
    path = write_yaml(tmp_path / "m.yaml", settings_of() | change)
    with pytest.raises(UserError) as caught:
        load_mixture(path)
    assert message in str(caught.value)


def test_files_that_are_no_mixtures(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"mixture none\.yaml does not exist"):
        load_mixture("none.yaml")
    with pytest.raises(UserError, match="did you mean 'unifiedreward-236k'"):
        load_mixture("unifiedreward-236")
    (tmp_path / "a.yaml").write_text("a: [")
    with pytest.raises(UserError, match="is no YAML file"):
        load_mixture(tmp_path / "a.yaml")
    (tmp_path / "a.yaml").write_text("- 1")
    with pytest.raises(UserError, match="must hold settings"):
        load_mixture(tmp_path / "a.yaml")


def test_the_shipped_mixture_is_the_papers(tmp_path: Path) -> None:
    mixture = load_mixture("unifiedreward-236k", root=tmp_path)
    caps = {name: source.cap or 0 for name, source in mixture.sources.items()}
    assert sum(caps.values()) == 236_300
    assert all((source.adapter or name) in ADAPTERS for name, source in mixture.sources.items())
    assert mixture.save_media == tmp_path / "media"
    assert load_mixture("unifiedreward-236k").root == Path()
    from_hub = {name for name, source in mixture.sources.items() if source.data == "hub"}
    assert all(ADAPTERS[name].layout.on_hub for name in from_hub)
    assert [file.name for file in SHIPPED.iterdir()] == ["unifiedreward-236k.yaml"]


def test_the_shipped_mixtures_folders_are_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A tiny copy of the downloads, laid out as the shipped file says."""
    monkeypatch.setattr("unieval.harness.hub.rows", lambda source, **_: [])
    evalmuse = {"prompt": "p", "total_score": [1, 2], "element_score": {}}
    write_json(
        tmp_path / "EvalMuse" / "train_list.json",
        [
            evalmuse | {"img_path": "a.png"},
            evalmuse | {"img_path": "b.png", "total_score": [5]},
        ],
    )
    write_json(
        tmp_path / "HPDv2" / "train.json",
        [{"prompt": "p", "file_path": ["a", "b"], "human_preference": [1, 0]}],
    )
    write_json(
        tmp_path / "VideoDPO" / "pair.json", [{"video1": 0, "video2": 1, "frame_caption": "p"}]
    )
    clip = {"basic": {"clip_path": "winvideos/1.mp4"}}
    write_json(tmp_path / "VideoDPO" / "metadata.json", [clip, clip])
    said = [
        {"from": "human", "value": "<video> p Please identify the motion issues in this video"},
        {"from": "gpt", "value": "Good."},
    ]
    write_json(
        tmp_path / "LiFT-HRA-20K" / "LiFT-HRA-data.json",
        [{"video": "videos/1.mp4", "conversations": said}],
    )
    share = tmp_path / "ShareGPTVideo" / "video_instruction" / "train" / "dpo"
    share.mkdir(parents=True)
    answers = {"id": "a", "video": "v", "prompt": "q", "chosen": "x", "rejected": "y"}
    write_jsonl(share / "sft_dpo_17k.jsonl", [answers | {"chosen_score": 5, "rejected_score": 1}])
    built = build(load_mixture("unifiedreward-236k", root=tmp_path))
    counts = Counter(p.source for p in built.train + built.held_out)
    assert counts == {
        "evalmuse": 2,
        "evalmuse-pair": 1,
        "hpd": 1,
        "videodpo": 1,
        "lift-hra": 1,
        "sharegptvideo-pair": 1,
        "sharegptvideo": 2,
    }
