"""The preference schema, and its round trip through plain JSON Lines."""

from __future__ import annotations

import json
import subprocess
import sys
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from conftest import write_jsonl as write_rows
from hypothesis import given
from hypothesis import strategies as st
from test_preferences_data import embedded, pair, png, point
from unieval.harness.errors import UserError
from unieval.harness.items import Media, Verdict
from unieval.harness.scores import SCORE_RANGES
from unieval.reward_training.adapters import read
from unieval.reward_training.plain import write_jsonl
from unieval.reward_training.preferences import (
    Preference,
    PreferenceError,
    content_id,
    rescaled,
)

VIDEO = Media("video", "v.mp4")
UNDERSTANDING: dict[str, Any] = {
    "objective": "understanding",
    "prompt": "What is it?",
    "context": (Media("image", "c.png"),),
}


def test_defaults_come_from_the_task() -> None:
    scored = point("a")
    assert (scored.kind, scored.score_range, scored.cluster) == ("point", (1, 5), "prompt of a")
    compared = pair("b", cluster="own")
    assert (compared.kind, compared.score_range, compared.cluster) == ("pair", None, "own")
    assert set(SCORE_RANGES.values()) == {(1, 5), (1, 10), (0, 100)}


@pytest.mark.parametrize(
    ("made", "message"),
    [
        (lambda: pair(" "), "preference ' ': id must be text"),
        (lambda: pair("a", prompt="\n"), "prompt must be text"),
        (lambda: pair("a", modality="audio"), "modality must be image or video"),
        (lambda: pair("a", objective="editing"), "objective must be generation or understanding"),
        (lambda: pair("a", candidates=()), "candidates must be one or two"),
        (lambda: pair("a", candidates=(VIDEO, VIDEO)), "candidates must be images"),
        (lambda: pair("a", candidates=("x", "y")), "candidates must be images"),
        (lambda: pair("a", verdict=None), "verdict is missing"),
        (lambda: pair("a", score=3), "score belongs to one candidate"),
        (lambda: pair("a", score_range=(1, 5)), "score_range belongs to a score"),
        (lambda: point("a", verdict=Verdict.TIE), "verdict belongs to two candidates"),
        (lambda: point("a", score=None), "score is missing"),
        (lambda: point("a", score=5.5), "score must lie within 1 to 5"),
        (lambda: point("a", score=float("nan")), "score must lie within 1 to 5"),
        (lambda: point("a", score_range=(5, 1)), "score_range must be a lower and a higher"),
        (lambda: point("a", score=0, score_range=(-0.25, 1)), "ends of one decimal at most"),
        (lambda: point("a", context=(Media("image", "s.png"),)), "context of generated media is"),
        (lambda: pair("a", context=(VIDEO,)), "context must hold images only"),
        (lambda: pair("a", objective="understanding"), "candidates must be texts"),
        (lambda: pair("a", **UNDERSTANDING | {"context": (), "candidates": ("x", "y")}), "medium"),
        (lambda: pair("a", **UNDERSTANDING | {"candidates": ("x", " ")}), "must be texts"),
        (lambda: pair("a", rationale=" "), "rationale must be text or absent"),
        (lambda: pair("a", rationale="so </think> x"), "rationale must not contain <think>"),
    ],
)
def test_broken_rules_are_named(made: Any, message: str) -> None:
    with pytest.raises(PreferenceError) as caught:
        made()
    assert message in str(caught.value)


def test_an_edit_is_a_pair_with_its_source() -> None:
    source = Media("image", "s.png")
    assert pair("a", context=(source,)).media[0] is source


def test_swapping_twice_restores_all_but_the_rationale() -> None:
    given_pair = pair("a", rationale="the first is sharp")
    turned = given_pair.swapped()
    assert turned.verdict is Verdict.SECOND
    assert turned.candidates == given_pair.candidates[::-1]
    assert turned.rationale is None
    assert turned.swapped() == replace(given_pair, rationale=None)
    assert pair("a", Verdict.BOTH_BAD).swapped().verdict is Verdict.BOTH_BAD


def test_rescaling_keeps_the_ends() -> None:
    assert rescaled(1, (1, 4), (1, 10)) == 1
    assert rescaled(4, (1, 4), (1, 10)) == 10
    assert rescaled(2.5, (1, 4), (0, 100)) == 50


def test_content_ids_tell_contents_apart() -> None:
    one, other = Media("image", "a"), Media("image", "b")
    ids = {content_id("p", one, other), content_id("p", other, one), content_id("q", one, other)}
    assert len(ids | {content_id("p", one)}) == 4


text = st.text(min_size=1, max_size=20).filter(lambda s: bool(s.strip()))


@st.composite
def preferences(draw: st.DrawFn, folder: Path) -> Preference:
    understanding, two = draw(st.booleans()), draw(st.booleans())
    modality = draw(st.sampled_from(["image", "video"]))

    def media() -> Media:
        name = draw(st.from_regex(r"[a-z]{1,5}/[a-z]{1,5}\.bin", fullmatch=True))
        return Media(modality, str(folder / name), name=name)

    count = 2 if two else 1
    ends = draw(st.sampled_from([(1.0, 5.0), (0.0, 100.0), (-0.5, 0.5)]))
    clean = text.filter(lambda s: "<" not in s)
    return Preference(
        id=draw(text),
        source=draw(text),
        modality=modality,
        objective="understanding" if understanding else "generation",
        prompt=draw(text),
        candidates=tuple(draw(text) if understanding else media() for _ in range(count)),
        context=(media(),) if understanding else (),
        verdict=draw(st.sampled_from(Verdict)) if two else None,
        score=None if two else draw(st.floats(*ends)),
        score_range=None if two else ends,
        rationale=draw(st.none() | clean),
        cluster=draw(st.just("") | text),
    )


@given(data=st.data())
def test_json_lines_round_trip(data: st.DataObject, tmp_path_factory: Any) -> None:
    folder = tmp_path_factory.mktemp("round")
    unique = st.lists(preferences(folder), max_size=4, unique_by=lambda p: (p.source, p.id))
    made = data.draw(unique.filter(bool))
    assert write_jsonl(folder / "p.jsonl", made) == len(made)
    assert list(read("jsonl", folder / "p.jsonl")) == made


def test_embedded_media_are_saved_beside_the_file(tmp_path: Path) -> None:
    made = pair("a", candidates=(embedded(1), embedded(2)))
    write_jsonl(tmp_path / "p.jsonl", [made, replace(made, id="b")])
    found = list(read("jsonl", tmp_path / "p.jsonl"))
    assert [Path(m.uri).read_bytes() for m in found[0].media] == [png(1), png(2)]
    assert len(list((tmp_path / "media").iterdir())) == 2
    assert [p.name for p in tmp_path.iterdir()].count("p.jsonl") == 1


def test_addresses_stay_and_media_elsewhere_need_a_root(tmp_path: Path) -> None:
    web = Media("image", "https://example.org/a.png")
    local = Media("image", str(tmp_path / "pictures" / "b.png"), name="b.png")
    made = pair("a", candidates=(web, local))
    (tmp_path / "out").mkdir()
    with pytest.raises(UserError, match="give the folder that holds all media as root"):
        write_jsonl(tmp_path / "out" / "p.jsonl", [made])
    assert not (tmp_path / "out" / "p.jsonl").exists()
    write_jsonl(tmp_path / "out" / "p.jsonl", [made], root=tmp_path)
    (found,) = read("jsonl", tmp_path / "out" / "p.jsonl", media=tmp_path)
    assert [m.uri for m in found.media] == [web.uri, local.uri]


ROW = {
    "id": "7",
    "source": "mine",
    "modality": "image",
    "objective": "generation",
    "prompt": "a red cube",
    "candidates": ["a.png", "b.png"],
    "verdict": "first",
}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"verdict": "left"}, "column 'verdict': must be first or second or tie"),
        ({"modality": "audio"}, "column 'modality': must be image or video (found 'audio')"),
        ({"candidates": "a.png"}, "column 'candidates': must be a list with something in it"),
        ({"candidates": ["a.png"]}, "column 'verdict': belongs to two candidates"),
        ({"candidates": ["../a.png", "b.png"]}, "column 'candidates': must hold or name an image"),
        ({"prompt": None}, "column 'prompt': is empty"),
        ({"score_range": [1]}, "column 'score_range': must be the lowest and the highest"),
        ({"verdict": None}, "column 'verdict': is missing (two candidates)"),
    ],
)
def test_rows_that_do_not_fit(change: dict[str, Any], message: str, tmp_path: Path) -> None:
    rows = [ROW, ROW | {"id": "8"} | change]
    path = write_rows(tmp_path / "p.jsonl", rows)
    with pytest.raises(UserError) as caught:
        list(read("jsonl", path))
    assert str(caught.value).startswith(f"{path}, row 1, {message}")
    skipped: Counter[str] = Counter()
    assert [p.id for p in read("jsonl", path, skip_bad=True, skipped=skipped)] == ["7"]
    assert sum(skipped.values()) == 1


def test_a_column_that_is_missing_names_those_that_are_there(tmp_path: Path) -> None:
    rows = [{name: value for name, value in ROW.items() if name != "prompt"}]
    path = write_rows(tmp_path / "p.jsonl", rows)
    with pytest.raises(UserError) as caught:
        list(read("jsonl", path))
    assert "column 'prompt': is missing; the columns are: id, source" in str(caught.value)


def test_a_file_that_is_no_json_is_an_error_even_when_skipping(tmp_path: Path) -> None:
    (tmp_path / "p.jsonl").write_text(json.dumps(ROW) + "\n{")
    with pytest.raises(UserError, match=r"p\.jsonl, line 2: not JSON"):
        list(read("jsonl", tmp_path / "p.jsonl", skip_bad=True))


def test_importing_the_data_side_is_light() -> None:
    script = (
        "import sys, unieval.reward_training.mixtures, unieval.reward_training.conversations\n"
        "print(*{name.partition('.')[0] for name in sys.modules})"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    heavy = {"torch", "transformers", "datasets", "PIL", "av", "yaml", "pyarrow", "pandas"}
    assert not heavy & set(done.stdout.split())
