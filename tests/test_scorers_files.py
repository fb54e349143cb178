"""Files of checkpoints: found here and on the hub, told apart, and refused if they could harm."""

from __future__ import annotations

import pickle
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch
from test_scorers_clip import items, save_tiny_clip
from unieval.harness.errors import UserError
from unieval.judges.scorers import files
from unieval.judges.scorers.clip import load_tokenizer
from unieval.judges.scorers.clipscore import ClipScore
from unieval.judges.scorers.hpsv2 import HPSv2
from unieval.judges.scorers.pickscore import PickScore
from unieval.judges.scorers.videoreward import VideoReward


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    torch.set_num_threads(1)
    return save_tiny_clip(tmp_path_factory.mktemp("clip"))


class Evil:
    def __reduce__(self):
        return (exec, ("raise SystemExit('it ran')",))


@pytest.mark.parametrize("written", [b"", b"nothing", pickle.dumps({"a": Evil()}, 2)])
def test_a_damaged_or_harmful_file_is_refused(written, clip, tmp_path):
    file = tmp_path / "HPS_v2.1_compressed.pt"
    file.write_bytes(written)
    with pytest.raises(UserError, match=r"HPS_v2\.1_compressed\.pt cannot be read.*never code"):
        HPSv2(str(tmp_path), tokenizer=str(clip)).score(items())


def test_a_pickle_inside_a_torch_file_is_refused(tmp_path):
    file = tmp_path / "x.pt"
    torch.save({"state_dict": {"a": torch.zeros(1)}, "more": Evil()}, file)
    with pytest.raises(UserError, match="never code"):
        files.tensors(file)


def test_safetensors_come_first(tmp_path):
    names = ("x.safetensors", "x.pt")
    (tmp_path / "x.pt").write_bytes(b"1")
    assert files.find(str(tmp_path), None, names).weights == "x.pt"
    (tmp_path / "x.safetensors").write_bytes(b"1")
    assert files.find(str(tmp_path), None, names).weights == "x.safetensors"
    assert files.find(str(tmp_path / "x.pt"), None, names).weights == "x.pt"


def test_the_fingerprint_is_that_of_the_content(tmp_path):
    large = bytearray(3 << 20)
    file = tmp_path / "x.pt"

    def now() -> str:
        file.write_bytes(large)
        return files.find(str(file), None, ()).fingerprint

    before = now()
    assert now() == before
    large[-1] = 1
    assert now() != before


def test_what_is_no_checkpoint_is_told(tmp_path):
    with pytest.raises(UserError, match="does not exist; check path="):
        HPSv2(str(tmp_path / "gone")).identity()
    with pytest.raises(UserError, match="revision=main is for hub checkpoints"):
        HPSv2(str(tmp_path), revision="main").identity()
    (tmp_path / "config.json").write_text('{"model_type": "bert"}')
    with pytest.raises(UserError, match=r"no CLIP model \(its type is 'bert'\)"):
        ClipScore(str(tmp_path)).identity()


class Reached:
    """The hub, holding the files named; *None* is a network that fails."""

    def __init__(self, held: tuple[str, ...] | None) -> None:
        self.held = held

    def __call__(self, url: str, **ignored: object) -> SimpleNamespace:
        from huggingface_hub.errors import EntryNotFoundError

        if self.held is None:
            raise ConnectionError("no route")
        if not url.endswith(self.held):
            raise EntryNotFoundError("404")
        return SimpleNamespace(commit_hash="abc123")


def test_on_the_hub_the_commit_is_the_fingerprint(monkeypatch):
    monkeypatch.setattr("huggingface_hub.get_hf_file_metadata", Reached(("compressed.pt",)))
    found = HPSv2().checkpoint
    assert found == files.Published("xswu/HPSv2", "abc123", "HPS_v2.1_compressed.pt", "abc123")
    assert HPSv2().identity()["fingerprint"] == "abc123"
    monkeypatch.setattr("huggingface_hub.get_hf_file_metadata", Reached(()))
    with pytest.raises(UserError, match=r"xswu/HPSv2 has no HPS_v2\.1_compressed\.safetensors or"):
        HPSv2().identity()


def test_without_a_network_the_cache_serves(monkeypatch, tmp_path):
    monkeypatch.setattr("huggingface_hub.get_hf_file_metadata", Reached(None))
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path))
    with pytest.raises(UserError, match=r"cannot be fetched from the hub.*no route.*local folder"):
        VideoReward().checkpoint  # noqa: B018
    cache = tmp_path / "models--KwaiVGI--VideoReward"
    step = cache / "snapshots" / "def456" / "checkpoint-11352"
    step.mkdir(parents=True)
    (cache / "refs").mkdir()
    (cache / "refs" / "main").write_text("def456")
    (step / "model.pth").write_bytes(b"1")
    found = VideoReward().checkpoint
    assert (found.revision, found.weights) == ("def456", "checkpoint-11352/model.pth")


def test_a_damaged_clip_is_told(clip, tmp_path):
    for file in clip.iterdir():
        (tmp_path / file.name).write_bytes(file.read_bytes())
    (tmp_path / "model.safetensors").write_bytes(b"nothing")
    with pytest.raises(UserError, match="cannot be loaded"):
        ClipScore(str(tmp_path)).score(items())
    with pytest.raises(UserError, match=r"no image settings can be loaded from .*gone"):
        PickScore(str(clip), processor=str(tmp_path / "gone")).score(items())
    with pytest.raises(UserError, match=r"no tokenizer can be loaded from .*gone"):
        load_tokenizer(str(tmp_path / "gone"))


def test_weights_in_a_pickle_belong_to_the_identity(clip, tmp_path):
    (tmp_path / "config.json").write_bytes((clip / "config.json").read_bytes())
    (tmp_path / "pytorch_model.bin").write_bytes(b"1")
    before = ClipScore(str(tmp_path)).identity()["fingerprint"]
    (tmp_path / "pytorch_model.bin").write_bytes(b"2")
    assert ClipScore(str(tmp_path)).identity()["fingerprint"] != before


def test_the_tokenizers_content_belongs_to_the_identity(clip, tmp_path):
    for file in clip.iterdir():
        (tmp_path / file.name).write_bytes(file.read_bytes())
    judge = PickScore(str(clip), processor=str(tmp_path))
    before = judge.identity()
    assert judge.identity() == before
    (tmp_path / "tokenizer.json").write_text("{}")
    assert judge.identity()["processor"] != before["processor"]
    assert PickScore(str(clip)).identity()["processor"].startswith("laion/")
