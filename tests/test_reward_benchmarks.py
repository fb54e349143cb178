"""Labels, groups and figures of the reward benchmarks, on rows written by hand."""

from __future__ import annotations

import pytest
from conftest import write_jsonl
from unieval.harness.errors import UserError
from unieval.harness.items import Verdict
from unieval.harness.registry import tasks
from unieval.harness.run import run
from unieval.harness.task import Data

FIRST, SECOND, TIE = Verdict.FIRST, Verdict.SECOND, Verdict.TIE


def read(name, tmp_path, rows):
    path = write_jsonl(tmp_path / "rows.jsonl", rows)
    return list(tasks.get(name).create({}).items(Data(path, str(path))))


def figures(name, tmp_path, rows, margins, **settings):
    """Scores that differ by ``margins``, replayed."""
    data = write_jsonl(tmp_path / "rows.jsonl", rows)
    items = tasks.get(name).create({}).items(Data(data, str(data)))
    scores = [
        {"item_id": item.id, "scores": [margin, 0]}
        for item, margin in zip(items, margins, strict=True)
    ]
    path = write_jsonl(tmp_path / "scores.jsonl", scores)
    found = run(
        task=name,
        out=tmp_path / "run",
        judge="replay",
        judge_arguments={"path": str(path)},
        data=str(data),
        **settings,
    )
    return found["tasks"][name]


def edits(ranking, letters="AvsB", name="1", size=2):
    row = {"id": name, "instruction": "make it red", "num_candidates": size}
    return row | {"comparison_type": letters, "ranking": ranking}


def test_editreward_rankings_are_in_their_own_letters(tmp_path):
    rows = [edits("A>B"), edits("B > A"), edits("C=B", "BvsC"), edits("C<B", "BvsC")]
    assert [item.label for item in read("editreward-bench-tiger", tmp_path, rows)] == [
        *(FIRST, SECOND, TIE, FIRST),
    ]


@pytest.mark.parametrize("row", [edits("A>C"), edits("A"), edits("A>B", "AB")])
def test_editreward_ranking_that_says_nothing(row, tmp_path):
    with pytest.raises(UserError, match=r"row 0: ranking .* does not order the two"):
        read("editreward-bench-tiger", tmp_path, [row])


def test_editreward_counts_rankings_that_are_wholly_right(tmp_path):
    """Ranking 1 is wholly right, ranking 2 has one pair of three wrong."""
    rows = [
        edits("A>B", name="1"),
        *(edits(f"{a}>{b}", f"{a}vs{b}", "2", 3) for a, b in ("AB", "AC", "BC")),
    ]
    entry = figures("editreward-bench-tiger", tmp_path, rows, [1, 1, -1, 1])
    assert entry["metrics"]["all_pairs"]["value"] == 1 / 2
    assert entry["metrics"]["all_pairs"]["n"] == 2
    assert entry["metrics"]["diff"]["value"] == 3 / 4
    groups = {name: part["metrics"]["all_pairs"]["value"] for name, part in entry["groups"].items()}
    assert groups == {"K=2": 1, "K=3": 0}


def mmrb(name, category, better="Output1"):
    row = {"ID": name, "Text": f"question {name}", "Output1": "yes", "Output2": "no"}
    return row | {"Better": better, "Category": category}


def test_multimodal_rewardbench_divides_safety_and_reasoning(tmp_path):
    rows = [
        mmrb("pairs_1", "safety"),
        mmrb("hateful_1", "safety"),
        mmrb("mathvista_1", "reasoning"),
        mmrb("EMMA_1", "reasoning", "Output2"),
        mmrb("EMMA_1", "vqa"),
    ]
    items = read("multimodal-rewardbench", tmp_path, rows)
    assert [item.group for item in items] == [
        *("safety/bias", "safety/toxicity", "reasoning/math", "reasoning/coding", "vqa"),
    ]
    assert len({item.id for item in items}) == 5
    assert [item.label for item in items] == [FIRST, FIRST, FIRST, SECOND, FIRST]
    with pytest.raises(UserError, match="Better is 'A'; allowed are: Output1, Output2"):
        read("multimodal-rewardbench", tmp_path, [mmrb("a", "vqa", "A")])


def test_multimodal_rewardbench_micro_macro_and_coin(tmp_path):
    """Three of vqa (two right), one of knowledge (right); then one answer that cannot be read."""
    rows = [*(mmrb(f"v{i}", "vqa") for i in range(3)), mmrb("k", "knowledge")]
    metrics = figures("multimodal-rewardbench", tmp_path, rows, [1, 1, -1, 1])["metrics"]
    assert metrics["accuracy"]["value"] == 3 / 4
    assert metrics["accuracy_macro"]["value"] == pytest.approx((2 / 3 + 1) / 2)
    said = [("v0#0", "first"), ("v1#1", "???"), ("v2#2", "second"), ("k#3", "first")]
    answers = [{"item_id": name, "response": word} for name, word in said]
    found = run(
        task="multimodal-rewardbench",
        out=tmp_path / "read",
        judge="replay",
        judge_arguments={
            "path": str(write_jsonl(tmp_path / "said.jsonl", answers)),
            "format": "plain",
        },
        data=str(tmp_path / "rows.jsonl"),
        protocol="official",
    )
    metrics = found["tasks"]["multimodal-rewardbench"]["metrics"]
    assert metrics["accuracy"]["value"] == 2 / 4
    assert metrics["accuracy_coin"]["value"] == (2 + 0.5) / 4


def test_mm_rlhf_rewardbench_groups_by_path_and_counts_ids(tmp_path):
    def row(name, **shown):
        return {"id": name, "prompt": "<image>\nq", "chosen": "a", "rejected": "b", **shown}

    rows = [
        row("1", image="img/long/1.jpg"),
        row("1", image="img/long/1.jpg"),
        row("2", image="img/mcq/2.jpg"),
        row("3", video="video/3"),
    ]
    items = read("mm-rlhf-rewardbench", tmp_path, rows)
    assert [(item.group, item.modality) for item in items] == [
        *[("long", "image")] * 2,
        ("mcq", "image"),
        ("video", "video"),
    ]
    assert items[0].prompt == "q"
    metrics = figures("mm-rlhf-rewardbench", tmp_path, rows, [1, -1, 1, 1])["metrics"]
    assert metrics["accuracy"]["value"] == 3 / 4
    assert metrics["acc_plus"]["value"] == pytest.approx(2 / 3)


def test_omni_rewardbench_asks_by_the_criterion(tmp_path):
    row = {"prompt": "a cat", "criteria": "warm light?", "criteria_preference": "tie"}
    (item,) = read("omni-rewardbench-t2i", tmp_path, [row])
    assert item.label is TIE
    assert "a cat" in item.prompt
    assert item.prompt.endswith("warm light?")
    with pytest.raises(UserError, match="no column 'criteria'"):
        read("omni-rewardbench-t2i", tmp_path, [{"prompt": "a cat"}])


def test_what_is_not_verified_says_what_it_expected_and_found(tmp_path):
    with pytest.raises(UserError) as refused:
        read("videorewardbench", tmp_path, [{"query": "q", "video": "a.mp4"}])
    assert "no column 'question'; the columns are: query, video" in str(refused.value)
    assert "expected: question, chosen, rejected, dimension" in str(refused.value)


def test_rankings_need_lists_of_one_length(tmp_path):
    row = {"id": "1", "prompt": "p", "generations": ["a", "b"], "ranking": [1]}
    with pytest.raises(UserError, match="row 0: generations and ranking must be lists"):
        read("imagereward-test", tmp_path, [row])


@pytest.mark.parametrize("label", ["left", 2, None])
def test_pickapic_label_that_is_none(label, tmp_path):
    with pytest.raises(UserError, match=r"label_0 is .*; allowed are: 0, 0.5, 1"):
        read("pickapic-test", tmp_path, [{"caption": "c", "label_0": label}])


def mmrb2(**columns):
    row = {"pair_id": "t2i-7", "prompt_text": "<image_0> <image_1> Swap the hats. "}
    return row | {"chosen": "A", "prompt_source": "emu_edit", **columns}


def test_mmrb2_takes_the_places_of_images_out_of_the_prompt(tmp_path):
    (tmp_path / "a.png").touch()
    shown = {"prompt_images": ["a.png", "a.png"], "response_a_images": ["a.png"]}
    (item,) = read("mmrb2-edit", tmp_path, [mmrb2(**shown, response_b_images=["a.png"])])
    assert (item.id, item.prompt, item.group) == ("t2i-7", "Swap the hats.", "emu_edit")
    assert item.label is FIRST
    assert [medium.name for medium in (*item.context, *item.candidates)] == ["a.png"] * 4
    with pytest.raises(UserError, match="response_a_images holds 2 images; expected one"):
        read("mmrb2-t2i", tmp_path, [mmrb2(response_a_images=["a.png", "a.png"])])
    with pytest.raises(UserError, match=r"chosen is 'tie'; allowed are: A, B"):
        read("mmrb2-t2i", tmp_path, [mmrb2(chosen="tie")])


def editscore(dimension, kind="color_alter", **columns):
    row = {"key": ["x", "y"], "instruction": "make it red", "task_type": kind}
    return row | {"dimension": dimension, **columns}


def test_editscore_has_a_task_for_each_dimension_and_the_mean_of_kinds(tmp_path):
    rows = [
        editscore("overall"),
        editscore("consistency"),
        *(editscore("consistency", "ps_human") for _ in range(2)),
    ]
    (item,) = read("editreward-bench-editscore-overall", tmp_path, rows)
    assert (item.id, item.prompt, item.label) == ("x-y#0", "make it red", FIRST)
    kept = read("editreward-bench-editscore-consistency", tmp_path, rows)
    assert [item.group for item in kept] == ["color_alter", "ps_human", "ps_human"]
    assert "left as it was" in kept[0].prompt
    entry = figures("editreward-bench-editscore-consistency", tmp_path, rows, [1, 1, -1])
    assert entry["metrics"]["accuracy"]["value"] == pytest.approx(2 / 3)
    assert entry["metrics"]["accuracy_macro"]["value"] == pytest.approx((1 + 1 / 2) / 2)
    with pytest.raises(UserError, match="output_images must be a list of two"):
        read(
            "editreward-bench-editscore-overall",
            tmp_path,
            [editscore("overall", output_images=["a.png"])],
        )
