"""Judges that run out of memory, compute no numbers, or say nothing that can be read."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from unieval.harness.items import Status
from unieval.judges.backends.backend import Choice
from unieval.judges.deciding import untold

Records = Callable[[Path], list[tuple[Any, ...]]]


def test_a_batch_that_is_too_big_is_halved(unieval, arguments, records: Records, tmp_path) -> None:
    log = tmp_path / "sizes"
    done = unieval(*arguments("too-big", "--judge-arg", f"log={log}"))
    assert done.code == 0
    assert "out of memory with 16 requests: going on with 8 at a time" in done.err
    assert "out of memory with 8 requests: going on with 4 at a time" in done.err
    sizes = [int(size) for size in log.read_text().split()]
    assert sizes[:2] == [16, 8]
    assert set(sizes[2:]) == {4}  # later batches are smaller from the start
    assert Counter(r[6] for r in records(tmp_path / "run")) == {"ok": 80}


def test_an_item_that_fits_no_memory_fails_alone(
    unieval, arguments, records: Records, tmp_path
) -> None:
    log = ("--judge-arg", f"log={tmp_path / 'sizes'}")
    done = unieval(*arguments("too-big", *log, "--judge-arg", "giant=7"))
    assert done.code == 3
    assert "2 of 80 samples failed; the first, item 7: MemoryError: out of memory" in done.err
    failed = [r for r in records(tmp_path / "run") if r[6] != "ok"]
    assert {(r[2], r[6]) for r in failed} == {("7", "request_failed")}


def test_thousands_of_answers_that_cannot_be_read(
    unieval, arguments, records: Records, tmp_path
) -> None:
    done = unieval(*arguments("chatters", n=2500))
    assert done.code == 0  # every sample was answered; the figures say what it was worth
    assert (
        "warning: 5,000 of 5,000 answers could not be read and count as not right; the first,"
        " item 0, is unparsed: 'I like both of 0.'"
    ) in done.err
    entry = done.json["tasks"]["genai-bench-image"]
    assert (entry["unparsed"], entry["failed"]) == (5000, 0)
    assert entry["metrics"]["coverage"]["value"] == 0
    assert entry["metrics"]["diff"]["value"] == 0
    assert Counter(r[6:8] for r in records(tmp_path / "run")) == {("unparsed", None): 5000}
    log = (tmp_path / "run" / "log.txt").read_text()
    assert log.count("could not be read") == 1


@pytest.fixture(scope="module")
def overflowing(qwen: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A checkpoint one of whose weights is no number, as after a broken training."""
    from safetensors.torch import load_file, save_file
    from tiny_checkpoints import copy

    folder = copy(qwen, tmp_path_factory.mktemp("nan") / "checkpoint")
    for file in folder.glob("*.safetensors"):
        tensors = load_file(file)
        for name, value in tensors.items():
            if name.endswith("lm_head.weight") or "embed_tokens" in name:
                value.view(-1)[0] = math.nan
        file.unlink()
        save_file(tensors, file, metadata={"format": "pt"})
    return folder


@pytest.mark.parametrize("decode", ["choose", "generate"])
@pytest.mark.usefixtures("one_thread")
def test_logits_that_are_no_numbers_are_no_verdict(
    unieval, overflowing: Path, records: Records, tmp_path: Path, decode: str
) -> None:
    from conftest import write_jsonl
    from tiny_checkpoints import picture

    for name in ("left", "right"):
        picture(32, 32).save(tmp_path / f"{name}.png")
    row = {"prompt": "p", "left_image": "left.png", "right_image": "right.png"}
    rows = [{**row, "idx": i, "vote_type": "leftvote"} for i in range(2)]
    judge = ("--judge", "transformers", "--judge-arg", f"path={overflowing}")
    how = ("--judge-arg", f"decode={decode}", "--judge-arg", "device=cpu")
    done = unieval(
        *("run", *judge, *how, "--task", "genai-bench-image", "--out", tmp_path / "run"),
        *("--data", write_jsonl(tmp_path / "items.jsonl", rows), "--json"),
    )
    assert done.code == 2
    assert "every sample failed; the first, item 0" in done.err
    assert "logits are not numbers (nan)" in done.err
    assert "try dtype=float32" in done.err
    found = records(tmp_path / "run")
    assert [r[6:8] for r in found] == [("request_failed", None)] * 4


def test_what_no_backend_can_tell_decides_nothing() -> None:
    unknown = Choice((("a",), ("b",)), ((math.nan,), (math.nan,)))
    assert untold(unknown) == "no answer's log-probability is a number"
    assert untold(Choice((("a",), ("b",)), ((math.nan,), (-1.0,)))) is None
    assert untold(Choice((), (), failure="cut off")) == "cut off"


def test_scores_that_are_no_numbers_are_counted(unieval, genai_items, tmp_path: Path) -> None:
    plugin = tmp_path / "broken.py"
    plugin.write_text(
        "import unieval\n"
        "@unieval.judge('broken-scorer')\n"
        "class Broken:\n"
        "    supports = unieval.Supports(needs_media=False)\n"
        "    def score(self, batch):\n"
        "        return [float('nan') if p.id == '3' else 1.0 for p in batch]\n"
    )
    done = unieval(
        *("run", "--plugin", plugin, "--judge", "broken-scorer", "--task", "genai-bench-image"),
        *("--data", genai_items(10), "--out", tmp_path / "run", "--json"),
    )
    assert done.code == 0
    entry = done.json["tasks"]["genai-bench-image"]
    assert entry["statuses"] == {Status.NOT_A_NUMBER: 1, Status.OK: 9}
    assert "1 of 10 answers could not be read" in done.err
