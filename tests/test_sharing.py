"""Runs and leaderboards pushed and pulled: whole or not at all, and nothing that is not meant."""

from __future__ import annotations

import json
import shutil
import sqlite3
import uuid
from pathlib import Path

import fsspec
import pytest
from conftest import write_jsonl
from hub_server import HubServer, hub_server
from unieval.harness.errors import UserError
from unieval.harness.run import run
from unieval.leaderboard.sharing import pull, push
from unieval.leaderboard.sharing.inventory import Entry
from unieval.leaderboard.sharing.places import place_of

FILES = {"manifest.json", "results.json", "records.sqlite", "inventory.json"}


@pytest.fixture(scope="module")
def runs(tmp_path_factory) -> Path:
    """Two runs; the first one has media that a model might have made."""
    folder = tmp_path_factory.mktemp("runs")
    rows = [
        {"id": f"wild-{n}", "query": "?", "response": ["a", "b"], "human_ranking": [0, 1]}
        for n in range(12)
    ]
    data = str(write_jsonl(folder / "data.jsonl", rows))
    for name, judge in (("a", "random"), ("b", "first")):
        run(judge=judge, task="vl-rewardbench", data=data, out=folder / name)
    (folder / "a" / "media").mkdir()
    (folder / "a" / "media" / f"{'0' * 32}.png").write_bytes(b"a picture")
    return folder


@pytest.fixture
def hub(monkeypatch):
    with hub_server() as server:
        monkeypatch.setenv("HF_ENDPOINT", server.url)
        # Its storage has a protocol of its own; what is here stores by Git LFS.
        monkeypatch.setattr("huggingface_hub.constants.HF_HUB_DISABLE_XET", True)
        monkeypatch.setenv("HF_TOKEN", "the-token-of-the-owner")
        yield server


@pytest.fixture
def address(tmp_path: Path) -> str:
    return f"memory://{uuid.uuid4().hex}/a"


def names(folder: Path) -> set[str]:
    return {str(file.relative_to(folder)) for file in folder.rglob("*") if file.is_file()}


@pytest.mark.parametrize("scheme", ["memory", "file", "path"])
def test_there_and_back(unieval, runs, tmp_path, scheme):
    place = {
        "memory": f"memory://{uuid.uuid4().hex}/a",
        "file": f"file://{tmp_path}/far/a",
        "path": f"{tmp_path}/far/a",
    }[scheme]
    done = unieval("push", runs / "a", place)
    assert done.code == 0, done.err
    assert "3 files" in done.out
    assert "1 media files stay here" in done.out
    assert "already at" in unieval("push", runs / "a", place).out
    target = tmp_path / "got"
    done = unieval("pull", place, "--out", target)
    assert done.code == 0, done.err
    assert names(target) == FILES
    for name in ("manifest.json", "results.json"):
        assert (target / name).read_bytes() == (runs / "a" / name).read_bytes()
    # The copy is a run like any other, but nobody adds to it.
    found = unieval("compare", runs / "a", target, "--json").json
    assert found["tasks"][0]["same_outputs"]
    assert unieval("leaderboard", target, "--format", "json").code == 0
    before = {name: (target / name).read_bytes() for name in FILES}
    done = unieval("rescore", target)
    assert (done.code, "is a copy that was pulled" in done.err) == (2, True)
    assert {name: (target / name).read_bytes() for name in names(target)} == before
    assert unieval("pull", place, "--out", target).code == 0  # the same again is no error


def test_media_are_copied_if_asked_for(runs, tmp_path, address):
    assert push(runs / "a", place_of(address)).left_out == 1
    done = push(runs / "a", place_of(address), media=True)
    assert (done.changed, done.left_out) == (True, 0)
    pull(place_of(address), tmp_path / "got")
    assert names(tmp_path / "got") == FILES | {f"media/{'0' * 32}.png"}
    # Without them again, they go.
    push(runs / "a", place_of(address))
    files, root = fsspec.url_to_fs(address)
    assert {path.removeprefix(f"{root}/") for path in files.find(root)} == FILES


def test_another_run_is_not_replaced(unieval, runs, tmp_path, address):
    assert unieval("push", runs / "a", address).code == 0
    done = unieval("push", runs / "b", address)
    assert done.code == 2
    assert "holds another run" in done.err
    assert unieval("push", runs / "b", address, "--force").code == 0
    target = tmp_path / "got"
    pull(place_of(address), target)
    assert json.loads((target / "results.json").read_text())["judge"]["name"] == "first"
    push(runs / "a", place_of(address), force=True)
    done = unieval("pull", address, "--out", target)
    assert (done.code, "exists" in done.err) == (2, True)
    assert unieval("pull", address, "--out", target, "--force").code == 0
    assert json.loads((target / "results.json").read_text())["judge"]["name"] == "random"
    # Force or not, only runs and leaderboards are ever replaced.
    other = tmp_path / "thesis"
    other.mkdir()
    (other / "chapter.tex").write_text("x")
    done = unieval("pull", address, "--out", other, "--force")
    assert (done.code, "neither a run nor" in done.err) == (2, True)
    assert names(other) == {"chapter.tex"}


def test_a_run_that_went_on_is_pushed_again(runs, tmp_path, address):
    copy = Path(shutil.copytree(runs / "a", tmp_path / "run"))
    push(copy, place_of(address))
    results = json.loads((copy / "results.json").read_text())
    (copy / "results.json").write_text(json.dumps(results))  # same run, other bytes
    assert push(copy, place_of(address)).changed
    pull(place_of(address), tmp_path / "got")


@pytest.mark.parametrize("stops_at", ["results.json", "records.sqlite", "inventory.json"])
def test_an_interrupted_push_is_no_copy(runs, tmp_path, address, monkeypatch, stops_at):
    files = fsspec.filesystem("memory")
    real_put, real_pipe = type(files).put_file, type(files).pipe_file

    def fails(real):
        def call(self, first, second, *args, **kwargs):
            if stops_at in str(first) + str(second):
                raise OSError("the disk is full")
            return real(self, first, second, *args, **kwargs)

        return call

    push(runs / "a", place_of(address))  # what was there before is not passed off as new
    with monkeypatch.context() as patched:
        patched.setattr(type(files), "put_file", fails(real_put))
        patched.setattr(type(files), "pipe_file", fails(real_pipe))
        with pytest.raises(UserError, match=r"the disk is full; the copy is not whole: push again"):
            push(runs / "a", place_of(address), media=True)
    with pytest.raises(UserError, match="holds no whole copy"):
        pull(place_of(address), tmp_path / "got")
    assert not (tmp_path / "got").exists()
    assert push(runs / "a", place_of(address)).changed
    pull(place_of(address), tmp_path / "got")


@pytest.mark.parametrize("file", ["results.json", "records.sqlite"])
def test_what_was_changed_is_not_taken(runs, tmp_path, address, file):
    push(runs / "a", place_of(address))
    files, root = fsspec.url_to_fs(address)
    content = files.cat_file(f"{root}/{file}")
    files.pipe_file(f"{root}/{file}", content[:-2] + b"!\n")
    with pytest.raises(UserError, match=rf"{file} is not what inventory.json says"):
        pull(place_of(address), tmp_path / "got")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "name",
    [
        "../evil",
        "/etc/evil",
        "media/../../evil",
        "media\\evil",
        "run.lock",
        "C:evil",
        "media/a.png/b",
    ],
)
def test_listings_cannot_lead_elsewhere(runs, tmp_path, address, name):
    push(runs / "a", place_of(address))
    files, root = fsspec.url_to_fs(address)
    listing = json.loads(files.cat_file(f"{root}/inventory.json"))
    listing["files"][name] = {"size": 4, "sha256": "0" * 64}
    files.pipe_file(f"{root}/inventory.json", json.dumps(listing).encode())
    with pytest.raises(UserError, match="a run has no file"):
        pull(place_of(address), tmp_path / "deep" / "got")
    assert list(tmp_path.iterdir()) == []


def test_records_with_code_in_them_are_not_taken(runs, tmp_path, address):
    push(runs / "a", place_of(address))
    files, root = fsspec.url_to_fs(address)
    records = tmp_path / "records.sqlite"
    records.write_bytes(files.cat_file(f"{root}/records.sqlite"))
    with sqlite3.connect(records) as changed:
        changed.execute("CREATE VIEW more AS SELECT * FROM records")
    listing = json.loads(files.cat_file(f"{root}/inventory.json"))
    listing["files"]["records.sqlite"] = Entry.of(records).model_dump()
    files.pipe_file(f"{root}/records.sqlite", records.read_bytes())
    files.pipe_file(f"{root}/inventory.json", json.dumps(listing).encode())
    with pytest.raises(UserError, match=r"holds a view \(more\)"):
        pull(place_of(address), tmp_path / "got")


def test_secrets_stay(unieval, runs, tmp_path, address, monkeypatch):
    copy = Path(shutil.copytree(runs / "a", tmp_path / "run"))
    for text, said in (("hunter2hunter2", "$MY_API_KEY"), (f"hf_{'x' * 34}", "looks like a key")):
        about = json.loads((copy / "manifest.json").read_text())
        about["command"].append(text)
        (copy / "manifest.json").write_text(json.dumps(about))
        monkeypatch.setenv("MY_API_KEY", "hunter2hunter2")
        done = unieval("push", copy, address)
        assert done.code == 2
        assert said in done.err
        assert text not in done.err + done.out
        about["command"].pop()
        (copy / "manifest.json").write_text(json.dumps(about))
    # What a judge said is searched for what is secret here.
    monkeypatch.setenv("MY_API_KEY", "wild-11")  # too short to be one
    assert unieval("push", copy, address).code == 0
    monkeypatch.setenv("MY_TOKEN", "CREATE TABLE records")
    assert "$MY_TOKEN" in unieval("push", copy, address).err


def test_leaderboards(unieval, runs, tmp_path, address):
    site = tmp_path / "site"
    assert unieval("leaderboard", runs, "--format", "site", "--out", site).code == 0
    assert unieval("push", site, address).code == 0
    done = unieval("pull", address, "--out", tmp_path / "got")
    assert done.code == 0, done.err
    assert names(tmp_path / "got") == names(site) | {"inventory.json"}
    assert unieval("leaderboard", tmp_path / "got" / "leaderboard.json").code == 0
    # A later edition replaces it; a run does not.
    assert unieval("push", site / "leaderboard.json", address).code == 0
    done = unieval("push", runs / "a", address)
    assert (done.code, "holds a leaderboard" in done.err) == (2, True)
    assert unieval("push", tmp_path, address).code == 2


def test_addresses_that_lead_nowhere(unieval, runs, tmp_path):
    for place, said in (
        ("nope://x/y", "nope"),
        ("hf://OWNER/NAME", "no address of a data set"),
        ("hf://datasets/o/n/../../x", "no address of a data set"),
    ):
        for command in (("push", runs / "a", place), ("pull", place, "--out", tmp_path / "x")):
            done = unieval(*command)
            assert done.code == 2, done.out
            assert said in done.err
    assert "holds no whole copy" in unieval("pull", tmp_path / "none").err


def test_the_hub(unieval, hub: HubServer, runs, tmp_path):
    place = "hf://datasets/owner/name/runs/a"
    done = unieval("push", runs / "a", place)
    assert done.code == 0, done.err
    assert len(hub.commits["owner/name"]) == 2  # one by making the repository, one by us
    assert hub.private["owner/name"]
    assert hub.tokens == {"Bearer the-token-of-the-owner"}
    assert {name.removeprefix("runs/a/") for name in hub.files("owner/name")} == FILES | {
        ".gitattributes"
    }
    assert len(hub.large) == 1
    assert "already at" in unieval("push", runs / "a", place).out
    assert len(hub.commits["owner/name"]) == 2
    done = unieval("pull", place, "--out", tmp_path / "got")
    assert done.code == 0, done.err
    assert names(tmp_path / "got") == FILES
    assert "holds another run" in unieval("push", runs / "b", place).err
    assert unieval("push", runs / "a", place, "--media").code == 0
    assert unieval("push", runs / "b", place, "--force").code == 0
    assert f"runs/a/media/{'0' * 32}.png" not in hub.files("owner/name")
    # An older copy can be had by its commit.
    first = hub.commits["owner/name"][1][0]
    old = f"hf://datasets/owner/name@{first}/runs/a"
    assert unieval("pull", old, "--out", tmp_path / "old").code == 0
    assert names(tmp_path / "old") == FILES
    assert (tmp_path / "old" / "results.json").read_bytes() == (
        runs / "a" / "results.json"
    ).read_bytes()


def test_the_hub_says_no(unieval, hub: HubServer, runs, tmp_path):
    place = "hf://datasets/owner/name"
    assert "holds no whole copy" in unieval("pull", place, "--out", tmp_path / "got").err
    hub.broken = "/commit/"
    done = unieval("push", runs / "a", place)
    assert done.code == 2
    assert "nothing was changed there" in done.err
    assert "the-token" not in done.err
    hub.broken = None
    hub.ignored = {"records.sqlite"}
    done = unieval("push", runs / "a", place)
    assert done.code == 2
    assert "the hub left out records.sqlite" in done.err
    assert unieval("pull", place, "--out", tmp_path / "got").code == 2
    assert not (tmp_path / "got").exists()


def test_two_at_once_on_the_hub(hub: HubServer, runs):
    """Who was slower is told; nothing is mixed."""
    place = place_of("hf://datasets/owner/name/a")
    push(runs / "a", place)
    slow = place_of("hf://datasets/owner/name/a")
    assert slow.read("inventory.json") is not None
    push(runs / "b", place_of("hf://datasets/owner/name/b"))
    with pytest.raises(UserError, match="A commit has happened since"):
        push(runs / "b", slow, force=True)
