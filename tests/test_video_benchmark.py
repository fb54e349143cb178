"""Real model architectures (tiny, random weights) on the real MP4 files, by the command line."""

from __future__ import annotations

import json
import sqlite3

import pytest
from tiny_checkpoints import save_tiny_llava, save_tiny_qwen


@pytest.mark.slow
@pytest.mark.parametrize("save", [save_tiny_qwen, save_tiny_llava])
def test_videogen_rewardbench_per_dimension(save, shared, unieval, tmp_path):
    checkpoint = save(tmp_path / "checkpoint")
    data = shared / "videogen-rewardbench" / "example.csv"
    base = ("run", "--judge", "transformers", "--judge-arg", f"path={checkpoint}")
    base = (*base, "--judge-arg", "frames=4", "--judge-arg", "max_pixels=3136")
    base = (*base, "--judge-arg", "max_new_tokens=8", "--judge-arg", "decode=generate")
    base = (*base, "--task", "videogen-rewardbench")
    base = (*base, "--data", data, "--json")
    done = unieval(*base, "--out", tmp_path / "run")
    assert done.code == 0, done.err
    entry = done.json["tasks"]["videogen-rewardbench"]
    assert entry["n"] == 3
    assert entry["outputs"] == 6
    assert entry["failed"] == 0
    assert list(entry["groups"]) == ["VQ", "MQ", "TA"]
    for group in entry["groups"].values():
        assert group["n"] == 3
        assert {"tau", "diff", "flip_rate", "coverage"} <= group["metrics"].keys()
    assert {"tau_macro", "diff_macro"} <= entry["metrics"].keys()
    with sqlite3.connect(tmp_path / "run" / "records.sqlite") as database:
        raw = database.execute("SELECT raw, tokens_in, tokens_out FROM records").fetchall()
    assert all(text is not None and fed > 0 and written > 0 for text, fed, written in raw)

    manifest = json.loads((tmp_path / "run" / "manifest.json").read_text())
    judge = manifest["identity"]["judge"]
    assert judge["media"]["frames"] == 4
    assert judge["fingerprint"]
    assert judge["prompts"]
    assert unieval("rescore", tmp_path / "run", "--json").json["tasks"] == done.json["tasks"]

    single = unieval(*base, "--batch-size", "1", "--out", tmp_path / "single")
    assert single.json["tasks"] == done.json["tasks"]


@pytest.mark.slow
def test_a_truncated_video_fails_alone(shared, unieval, tmp_path):
    checkpoint = save_tiny_qwen(tmp_path / "checkpoint")
    source = shared / "videogen-rewardbench"
    folder = tmp_path / "data"
    folder.mkdir()
    for file in source.glob("example*"):
        (folder / file.name).write_bytes(file.read_bytes())
    whole = (folder / "example_2_B.mp4").read_bytes()
    (folder / "example_2_B.mp4").write_bytes(whole[: len(whole) // 3])
    done = unieval(
        *("run", "--judge", "transformers", "--judge-arg", f"path={checkpoint}"),
        *("--judge-arg", "frames=2", "--judge-arg", "max_pixels=3136", "--json"),
        *("--judge-arg", "max_new_tokens=4", "--task", "videogen-rewardbench"),
        *("--data", folder / "example.csv", "--out", tmp_path / "run"),
    )
    assert done.code == 3
    assert done.json["tasks"]["videogen-rewardbench"]["statuses"]["media_failed"] == 2
    assert "example_2_B.mp4" in done.err
