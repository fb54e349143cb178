"""What others made runs no code here: checkpoints, archives, run folders."""

from __future__ import annotations

import json
import os
import pickle
import shutil
import sqlite3
import zipfile
from pathlib import Path

import pytest
from unieval.harness.errors import UserError
from unieval.harness.read_only import ReadOnlyStore
from unieval.judges.backends.transformers import TransformersModel


class Bomb:
    """Unpickling it makes a file."""

    def __init__(self, trace: Path) -> None:
        self.trace = trace

    def __reduce__(self):
        return os.mkdir, (str(self.trace),)


def test_pickled_weights_are_refused_and_never_run(qwen: Path, tmp_path: Path) -> None:
    from unieval.judges.scorers.files import tensors

    trace = tmp_path / "the pickle was run"
    folder = tmp_path / "checkpoint"
    shutil.copytree(qwen, folder)
    for file in folder.glob("*.safetensors*"):
        file.unlink()
    for name in ("pytorch_model.bin", "model.pt"):
        (folder / name).write_bytes(pickle.dumps({"w": Bomb(trace)}))
    with pytest.raises(UserError, match="safetensors"):
        TransformersModel(str(folder), device="cpu").load()
    for name in ("pytorch_model.bin", "model.pt"):
        with pytest.raises(UserError, match="only tensors are read, never code"):
            tensors(folder / name)
    assert not trace.exists()


def test_code_beside_a_checkpoint_is_not_run(qwen: Path, tmp_path: Path) -> None:
    import json

    trace = tmp_path / "the code was run"
    folder = tmp_path / "checkpoint"
    shutil.copytree(qwen, folder)
    (folder / "own.py").write_text(f"import os\nos.mkdir({str(trace)!r})\nclass Own: pass\n")
    config = json.loads((folder / "config.json").read_text())
    config["model_type"] = "own-kind"
    names = ("AutoConfig", "AutoModel", "AutoModelForImageTextToText", "AutoProcessor")
    config["auto_map"] = dict.fromkeys(names, "own.Own")
    (folder / "config.json").write_text(json.dumps(config))
    with pytest.raises(UserError):
        TransformersModel(str(folder), device="cpu").load()
    assert not trace.exists()


def test_an_archive_with_links_or_paths_out_of_it_is_refused(tmp_path: Path) -> None:
    from unieval.harness.hub import _unpack

    for name in ("../out", "/tmp/unieval-out", "a/../../out"):
        archive = tmp_path / "bad.zip"
        with zipfile.ZipFile(archive, "w") as files:
            files.writestr("fine", b"x")
            files.writestr(name, b"x")
        with pytest.raises(UserError, match="outside its folder"):
            _unpack(archive, tmp_path / "target")
        assert not (tmp_path / "target").exists()
    link = zipfile.ZipInfo("link")
    link.external_attr = 0o120777 << 16
    with zipfile.ZipFile(tmp_path / "link.zip", "w") as files:
        files.writestr(link, "/etc")
        files.writestr("link/passwd", b"x")
    with pytest.raises(UserError, match="link"):
        _unpack(tmp_path / "link.zip", tmp_path / "target")
    assert not (tmp_path / "target").exists()


def test_an_archive_that_unpacks_to_too_much_is_refused(tmp_path: Path) -> None:
    from unieval.harness.hub import _unpack

    with zipfile.ZipFile(tmp_path / "bomb.zip", "w", zipfile.ZIP_DEFLATED) as files:
        files.writestr("zeros", bytes(40 << 20))
    with pytest.raises(UserError, match=r"unpack to 41,943,040 bytes"):
        _unpack(tmp_path / "bomb.zip", tmp_path / "target")
    assert not (tmp_path / "target").exists()


def test_a_run_of_others_is_read_and_never_written(unieval, arguments, tmp_path: Path) -> None:
    run = tmp_path / "run"
    assert unieval(*arguments("random")).code == 0
    before = {file: file.read_bytes() for file in run.iterdir()}
    for command in (
        ("leaderboard", run, "--format", "json"),
        ("report", run, "--out", tmp_path / "report"),
        ("compare", run, run),
    ):
        assert unieval(*command).code in (0, 4)
    assert {file: file.read_bytes() for file in run.iterdir()} == before
    with ReadOnlyStore(run) as store, pytest.raises(UserError, match="readonly database"):
        store.reparse([("ok", "first", None, None, 1)])


@pytest.mark.parametrize("identity", ["[]", "{}", '{"tasks": 7}', '{"tasks": {"x": []}}'])
def test_a_manifest_that_is_none_is_told(unieval, arguments, tmp_path: Path, identity: str) -> None:
    run = tmp_path / "run"
    assert unieval(*arguments("random", n=4)).code == 0
    (run / "manifest.json").write_text(f'{{"schema": 1, "identity": {identity}}}')
    refused = unieval("rescore", run)
    assert refused.code == 2
    assert "manifest.json" in refused.err
    assert "copy the run folder again" in refused.err
    assert "Traceback" not in refused.err


@pytest.mark.parametrize(
    ("votes", "reason"),
    [(10**9, "votes must be from 1 to 10000"), (1.0, "votes: Input should be a valid integer")],
)
def test_a_manifest_does_not_decide_how_much_memory_is_taken(
    unieval, arguments, tmp_path: Path, votes: float, reason: str
) -> None:
    run = tmp_path / "run"
    assert unieval(*arguments("random", n=4)).code == 0
    about = json.loads((run / "manifest.json").read_text())
    about["identity"]["votes"] = votes
    (run / "manifest.json").write_text(json.dumps(about))
    for command in (("rescore", run), ("compare", run, run), ("report", run, "--out", run / "r")):
        refused = unieval(*command)
        assert refused.code == 2
        assert reason in refused.err


def test_records_of_others_run_no_code_when_they_are_opened(
    unieval, arguments, tmp_path: Path
) -> None:
    """A database can carry triggers and views that act when they are touched."""
    run = tmp_path / "run"
    assert unieval(*arguments("random", n=4)).code == 0
    with sqlite3.connect(run / "records.sqlite") as database:
        database.executescript(
            "ALTER TABLE records RENAME TO hidden;"
            "CREATE VIEW records AS SELECT * FROM hidden WHERE load_extension('x') IS NULL;"
        )
    for command in (
        ("report", run, "--out", tmp_path / "report"),
        ("rescore", run),
        ("merge", run, "--out", tmp_path / "merged"),
    ):
        refused = unieval(*command)
        assert refused.code == 2
        assert "records.sqlite holds a view (records), as no run does" in refused.err
