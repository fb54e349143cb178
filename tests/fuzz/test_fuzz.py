"""The fuzz targets on the saved corpus, and on input made of the words of the formats."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from fuzz.targets import ASKED, GRAMMARS, TARGETS, read_answer
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

CORPUS = Path(__file__).parent / "corpus"
FEW = settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
MANY = settings(FEW, max_examples=400)

WORDS = (
    *("<think>", "</think>", "<answer>", "</answer>", "Image 1", "Image 2", "video 1", "Answer 2"),
    *(" is better", "Both images are equally good", "Edited image 1: ", "edited image 2: -1"),
    *(
        "Final Score: ",
        "Alignment Score: ",
        "Style Score (1-5): ",
        "4/5",
        "nan",
        "1e999",
        "-0",
        "٣",
    ),
    *("[[A>B]]", "[[B>>A]]", "[[A=B=Good]]", '{"winner": "Image 1"}', '{"score": [20, 15]}', "{"),
    *('{"pred": "yes", "score": 4}', "{'pred': 'no', 'score': '2'}", '"Rating": 7}', "Rating: 3"),
    *("(A)", "B.", "The answer is C", "\\boxed{A}", "or", "7 8", "first", '{"Overall": "tie"}'),
    *("\n", " ", ", ", "*", "**", '"', "\\", "}", "]", "[", "9" * 400, "\x00", "\ud800"),
)
ANSWERS = st.lists(st.sampled_from(WORDS) | st.text(max_size=5), max_size=12).map("".join)
WORLD = (
    *("a", "one", "two", "red", "blue", "circle", "squares", "left", "of", "and", "with", "the"),
    *(",", "."),
)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3)
    ),
    max_leaves=6,
)


@pytest.mark.parametrize(
    ("target", "file"),
    [(name, file) for name in TARGETS for file in sorted((CORPUS / name).iterdir())],
    ids=lambda each: each if isinstance(each, str) else each.name,
)
def test_saved_corpus(target: str, file: Path) -> None:
    TARGETS[target](file.read_bytes())


@MANY
@given(st.sampled_from(GRAMMARS), st.sampled_from(ASKED), ANSWERS, st.booleans())
def test_answers(name: str, asked: Any, text: str, truncated: bool) -> None:
    read_answer(name, asked, text, truncated=truncated)


@MANY
@given(st.sampled_from(list(TARGETS)), st.binary(max_size=300))
def test_any_bytes(target: str, data: bytes) -> None:
    TARGETS[target](data)


@FEW
@given(st.lists(st.sampled_from(WORLD)))
def test_captions(words: list[str]) -> None:
    TARGETS["caption"](" ".join(words).encode())


def written(value: Any) -> bytes:
    return json.dumps(value).encode()


@st.composite
def changed(draw: st.DrawFn, target: str) -> bytes:
    """A saved input whose JSON has another value in some place, or lacks one."""
    files = sorted((CORPUS / target).iterdir())
    content = draw(st.sampled_from(files)).read_bytes()
    first, rest = (content[:1], content[1:]) if target == "benchmark" else (b"", content)
    parts = []
    for part in rest.split(b"\0"):
        value = json.loads(part)
        if isinstance(value, dict) and value:
            _change(draw, value)
        parts.append(written(value))
    return first + b"\0".join(parts)


def _change(draw: st.DrawFn, value: dict[str, Any]) -> None:
    key = draw(st.sampled_from(sorted(value)))
    inner = value[key]
    if isinstance(inner, dict) and inner and draw(st.booleans()):
        _change(draw, inner)
    elif draw(st.booleans()):
        value[key] = draw(JSON)
    else:
        del value[key]


@settings(FEW, max_examples=300)
@given(changed("benchmark"))
def test_rows_of_other_shapes(data: bytes) -> None:
    TARGETS["benchmark"](data)


@settings(FEW, max_examples=150)
@given(changed("about_run"))
def test_runs_of_other_shapes(data: bytes) -> None:
    TARGETS["about_run"](data)


@FEW
@given(changed("likely"))
def test_servers_of_other_shapes(data: bytes) -> None:
    TARGETS["likely"](data)


def test_nothing_nests_too_deep() -> None:
    deep = b"[" * 5_000
    for target, before in (("table", b"\x00"), ("table", b"\x01"), ("about_run", b"")):
        TARGETS[target](before + deep)
    TARGETS["about_run"](b'{"schema": 1, "identity": {}}\0' + deep)
    for name in GRAMMARS:
        for text in (deep.decode(), '{"a":' * 5_000, '{"score": ' + deep.decode()):
            for asked in ASKED[::7]:
                read_answer(name, asked, text, truncated=False)
