"""The hub readers, on local data sets in the hub's own formats."""

from __future__ import annotations

import io
import zipfile
from dataclasses import replace
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from PIL import Image
from unieval.harness import hub
from unieval.harness.errors import UserError
from unieval.harness.items import Verdict
from unieval.harness.store import write_json
from unieval.harness.task import Data, HubSource
from unieval.tasks.genai_bench import GenAIBenchEdit, GenAIBenchImage
from unieval.tasks.mmhal_bench import MMHalBench
from unieval.tasks.videogen_rewardbench import VideoGenRewardBench
from unieval.tasks.vl_rewardbench import VLRewardBench

HUB = Data(None, "hub")


def png(colour: str) -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", (4, 4), colour).save(buffer, "PNG")
    return buffer.getvalue()


def image(colour: str) -> dict:
    return {"bytes": png(colour), "path": f"{colour}.png"}


@pytest.fixture
def genai_repository(tmp_path):
    """A clone of a GenAI-Bench-like repository: a configuration a folder, two splits."""
    for config, row in {
        "image_generation": {"prompt": "p", "left_image": image("red")},
        "image_edition": {
            "instruct_prompt": "p",
            "source_image": image("green"),
            "left_output_image": image("red"),
        },
    }.items():
        folder = tmp_path / "GenAI-Bench" / config
        folder.mkdir(parents=True)
        right = "right_image" if config == "image_generation" else "right_output_image"
        for split, vote in (("test_v1", "leftvote"), ("test", "bothbad_vote")):
            rows = [{**row, right: image("blue"), "vote_type": vote}]
            pq.write_table(pa.Table.from_pylist(rows), folder / f"{split}-00000-of-00001.parquet")
    card = "---\nconfigs:\n" + "".join(
        f"- config_name: {config}\n  data_files:\n"
        f"  - split: test_v1\n    path: {config}/test_v1-*\n"
        f"  - split: test\n    path: {config}/test-*\n"
        for config in ("image_generation", "image_edition")
    )
    (tmp_path / "GenAI-Bench" / "README.md").write_text(card + "---\n")
    return tmp_path / "GenAI-Bench"


def at(task, dataset, **changes):
    source = task.source
    task.source = HubSource(str(dataset), source.config, source.split, **changes)
    return task


def test_streamed_rows_are_those_of_the_whole_data_set(genai_repository):
    task = at(GenAIBenchImage(), genai_repository)
    kept, streamed = (
        [(i.id, i.content, i.label, [m.data for m in i.media]) for i in task.items(data)]
        for data in (HUB, replace(HUB, streamed=True))
    )
    assert streamed == kept
    assert kept


@pytest.mark.parametrize("split", ["test_v1", "test"])
def test_genai_bench_by_load_dataset_and_by_path(genai_repository, split):
    task = at(GenAIBenchImage(split=split), genai_repository)
    (by_hub,) = task.items(HUB)
    (by_path,) = task.items(Data(genai_repository, "here"))
    assert by_hub == by_path
    assert by_hub.label is (Verdict.FIRST if split == "test_v1" else Verdict.BOTH_BAD)
    assert by_hub.candidates[0].data == png("red")
    assert by_hub.candidates[1].data == png("blue")
    assert by_hub.cluster == by_hub.prompt == "p"


def test_genai_bench_edit_has_its_source_as_context(genai_repository):
    (item,) = at(GenAIBenchEdit(), genai_repository).items(HUB)
    assert item.context[0].data == png("green")
    assert len(item.media) == 3


def test_vl_rewardbench_by_load_dataset(tmp_path):
    folder = tmp_path / "VL-RewardBench" / "data"
    folder.mkdir(parents=True)
    row = {
        "id": "mmmu_1",
        "query": "<image>\nHow many?",
        "response": ["two", "three"],
        "image": image("red"),
        "human_ranking": [1, 0],
    }
    pq.write_table(
        pa.Table.from_pylist([row, {**row, "human_ranking": [0, 1]}]),
        folder / "test-00000-of-00001.parquet",
    )
    items = list(at(VLRewardBench(), tmp_path / "VL-RewardBench").items(HUB))
    assert [item.id for item in items] == ["mmmu_1#0", "mmmu_1#1"]
    assert [item.label for item in items] == [Verdict.SECOND, Verdict.FIRST]
    assert items[0].prompt == "How many?"
    assert items[0].group == "reasoning"
    assert items[0].context[0].data == png("red")


def test_videogen_rewardbench_with_its_archive(tmp_path, monkeypatch, cache):
    repository = tmp_path / "VideoGen-RewardBench"
    repository.mkdir()
    (repository / "README.md").write_text(
        "---\nconfigs:\n- config_name: default\n  data_files:\n"
        "  - split: eval\n    path: videogen-rewardbench.csv\n---\n"
    )
    (repository / "videogen-rewardbench.csv").write_text(
        "path_A,path_B,prompt,VQ,MQ,TA,Overall\n./videos/a.mp4,videos/b.mp4,p,A,same,B,A\n"
    )
    archive = tmp_path / "videos.zip"
    with zipfile.ZipFile(archive, "w") as files:
        files.writestr("videos/a.mp4", b"first")
        files.writestr("videos/b.mp4", b"second")
    monkeypatch.setattr("huggingface_hub.hf_hub_download", lambda *a, **k: str(archive))
    task = VideoGenRewardBench()
    monkeypatch.setattr(
        VideoGenRewardBench,
        "source",
        HubSource(str(repository), None, "eval", archives=("videos.zip",)),
    )
    with monkeypatch.context() as patched:
        patched.setattr(hub, "media_folder", pytest.fail)
        assert next(task.items(HUB)).media[0].name == "videos/a.mp4"  # named, not fetched
    (item,) = task.items(Data(None, "hub", media=True))
    assert Path(item.candidates[0].uri).read_bytes() == b"first"
    assert item.label == {
        "VQ": Verdict.FIRST,
        "MQ": Verdict.TIE,
        "TA": Verdict.SECOND,
        "Overall": Verdict.FIRST,
    }


def test_mmhal_bench_by_its_files_and_not_its_program(tmp_path, monkeypatch, cache):
    """The layout of its repository: a file of questions, and an archive of that and the images."""
    row = {"question_type": "attribute", "image_src": "https://far.away/1/a_o.png"}
    row |= {"image_content": ["Boat"], "question": "What colour?", "gt_answer": "Red."}
    files = tmp_path / "repository"
    (files / "images").mkdir(parents=True)
    write_json(files / "response_template.json", [row])
    with zipfile.ZipFile(files / "test_data.zip", "w") as archive:
        archive.write(files / "response_template.json", "response_template.json")
        archive.writestr("images/a_o.png", png("red"))
    monkeypatch.setattr(
        "huggingface_hub.hf_hub_download", lambda repo, name, **_: str(files / name)
    )
    task = MMHalBench()
    (named,) = task.items(HUB)
    (item,) = task.items(Data(None, "hub", media=True))
    assert named.content == item.content
    assert Path(item.context[0].uri).read_bytes() == png("red")
    assert (item.prompt, item.references, item.known["content"]) == (
        *("What colour?", ("Red.",), "Boat"),
    )
    (far,) = task.items(Data(files, "clone"))
    assert far.context[0].uri == "https://far.away/1/a_o.png"
    (files / "images" / "a_o.png").write_bytes(png("red"))
    (near,) = task.items(Data(files, "clone"))
    assert near.context[0].name == "images/a_o.png"


def test_an_archive_that_reaches_outside_is_refused(tmp_path, monkeypatch, cache):
    archive = tmp_path / "videos.zip"
    with zipfile.ZipFile(archive, "w") as files:
        files.writestr("../../evil.mp4", b"x")
    monkeypatch.setattr("huggingface_hub.hf_hub_download", lambda *a, **k: str(archive))
    with pytest.raises(UserError, match="outside its folder"):
        hub.media_folder(HubSource("a/b", None, "eval", archives=("videos.zip",)))


def test_a_data_set_that_cannot_be_had(tmp_path):
    source = HubSource(str(tmp_path), None, "test")
    with pytest.raises(UserError, match=r"cannot load .* from the\s+hub"):
        list(hub.rows(source))
