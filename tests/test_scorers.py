"""What all scorers share: what is computed once, what fails alone, and whole runs."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
import torch
from conftest import write_jsonl
from test_scorers_clip import TEXTS, items, media, point, save_tiny_clip
from tiny_checkpoints import picture
from unieval.harness.errors import MediaError, UserError
from unieval.harness.items import Media, PointItem
from unieval.harness.registry import judges
from unieval.harness.run import Settings, execute, prepare, run
from unieval.judges.scorers.features import Remembered, placement
from unieval.judges.scorers.pickscore import PickScore

NAMES = ("clipscore", "hpsv2", "imagereward", "pickscore", "videoreward")


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    torch.set_num_threads(1)
    return save_tiny_clip(tmp_path_factory.mktemp("clip"))


@pytest.fixture
def pickscore(clip) -> PickScore:
    return PickScore(str(clip), processor=str(clip))


# --- computed once --------------------------------------------------------------------------------


def counted(calls: list, limit: int = 100, batch_size: int = 3) -> Remembered[str, str, int]:
    def length(batch: list[str]) -> list[int]:
        calls.append(list(batch))
        return [len(word) for word in batch]

    def upper(word: str) -> str:
        if word == "bad":
            raise MediaError("bad is bad")
        return word.upper()

    return Remembered(str, upper, length, batch_size, limit)


def test_each_distinct_input_is_computed_once():
    calls: list = []
    memory = counted(calls)
    assert memory.of(["a", "bb", "a", "bb", "ccc"]) == [1, 2, 1, 2, 3]
    assert memory.of(["ccc", "a"]) == [3, 1]
    assert calls == [["A", "BB"], ["CCC"]]


def test_a_failure_costs_nothing_else():
    calls: list = []
    memory = counted(calls)
    with pytest.raises(MediaError, match="bad is bad"):
        memory.of(["a", "bad", "bb", "ccc"])
    assert calls == [["A", "BB"], ["CCC"]]
    assert memory.of(["ccc", "bb", "a"]) == [3, 2, 1]
    assert len(calls) == 2


def test_only_the_last_results_are_kept():
    calls: list = []
    memory = counted(calls, limit=2)
    assert memory.of(["a", "bb", "ccc", "a"]) == [1, 2, 3, 1]
    assert memory.of(["bb"]) == [2]
    assert calls[-1] == ["BB"]
    assert len(memory._kept) == 2


def test_texts_and_pictures_are_encoded_once(pickscore, monkeypatch):
    first, second = media(28, 28, 0), media(28, 28, 1)
    asked = [point(text, shown) for text in TEXTS for shown in (first, second)]
    pickscore.score(asked[:1])
    model = pickscore._model.model
    sizes = {"text": 0, "image": 0}

    def counting(kind, encode, key):
        def counts(**inputs):
            sizes[kind] += len(inputs[key])
            return encode(**inputs)

        return counts

    for kind, key in (("text", "input_ids"), ("image", "pixel_values")):
        name = f"get_{kind}_features"
        monkeypatch.setattr(model, name, counting(kind, getattr(model, name), key))
    found = pickscore.score(asked)
    assert sizes == {"text": 1, "image": 1}  # two texts and two pictures, of each one was known
    assert found[:2] == found[-2:]
    assert pickscore.score(asked) == found
    assert sizes == {"text": 1, "image": 1}


def test_scores_do_not_depend_on_the_batch(clip, pickscore):
    alone = [pickscore.score([item])[0] for item in items(40, 31)]
    small = PickScore(str(clip), processor=str(clip), batch_size=2)
    assert small.score(items(40, 31)) == pytest.approx(alone, abs=1e-5)


def test_what_is_let_go_comes_back(pickscore):
    found = pickscore.score(items())
    pickscore.close()
    assert pickscore._model is None
    assert pickscore.score(items()) == found


# --- as judges ------------------------------------------------------------------------------------


def test_all_are_registered_and_order_free():
    for name in NAMES:
        supports = judges.get(name).create({}).supports
        assert supports.order_free
        assert supports.objectives == {"generation"}
        assert supports.modalities == {"video" if name == "videoreward" else "image"}


def test_numbers_out_of_range_are_told():
    for name in NAMES:
        with pytest.raises(UserError, match="batch_size=0 must be at least 1"):
            judges.get(name).create({"batch_size": 0})


def test_an_edit_is_refused(pickscore):
    source = media(8, 8, 0)
    edit = PointItem("7", "image", "generation", "make it red", media(8, 8, 1), (source,))
    with pytest.raises(UserError, match=r"'pickscore'.*item '7' is an edit of other media"):
        pickscore.score([edit])


def test_half_precision_is_asked_for_by_name():
    assert placement("cpu", "auto", on_gpu="bfloat16").dtype == "float32"
    assert placement("cuda:1", "auto", on_gpu="bfloat16").dtype == "bfloat16"
    assert placement("cuda:1", "auto").dtype == "float32"
    assert placement("cpu", "float16").dtype == "float16"


@pytest.fixture
def pairs(tmp_path) -> Path:
    for i in range(8):
        picture(30, 40, i).save(tmp_path / f"{i}.png")
    rows = [
        {
            "id": str(i),
            "source": "own",
            "modality": "image",
            "objective": "generation",
            "prompt": TEXTS[i // 2 % 2],
            "candidates": [f"{i}.png", f"{(i + 1) % 8}.png" if i != 3 else "gone.png"],
            "verdict": "first",
        }
        for i in range(8)
    ]
    return write_jsonl(tmp_path / "pairs.jsonl", rows)


def test_a_run_scores_pairs_in_one_order_and_one_bad_picture_fails_alone(clip, pairs, tmp_path):
    settings = Settings(
        judge="pickscore",
        judge_arguments={"path": str(clip), "processor": str(clip)},
        tasks=("preference-pairs",),
        data=str(pairs),
    )
    prepared = prepare(settings)
    assert prepared.plans["preference-pairs"].passes == 1
    done = execute(prepared, tmp_path / "run", lambda line: None)["tasks"]["preference-pairs"]
    assert done["statuses"] == {"ok": 7, "media_failed": 1}
    assert done["outputs"] == 8
    again = run(
        judge="clipscore",
        task="preference-pairs",
        out=tmp_path / "other",
        data=str(pairs),
        judge_arguments={"path": str(clip)},
    )
    assert again["tasks"]["preference-pairs"]["statuses"] == {"ok": 7, "media_failed": 1}


def test_a_missing_picture_is_the_samples_fault(pickscore):
    shown = [*items(), point("x", Media("image", "gone.png"))]
    with pytest.raises(MediaError, match=r"gone\.png"):
        pickscore.score(shown)
    assert len(pickscore._model.pictures._kept) == 3


def test_listing_them_loads_no_models():
    import subprocess

    code = "import sys, unieval.judges.scorers; print('torch' in sys.modules)"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "False"
