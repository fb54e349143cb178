"""Prompt templates: where they place media, and that nothing else can."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from unieval.harness.errors import UserError
from unieval.harness.prompts import Prompts

MEDIA = {"context": [b"source"], "candidates": [b"first", b"second"]}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "own.j2").write_text("")
    return tmp_path


def parts(folder: Path, template: str, **values: object) -> list[bytes | str]:
    (folder / "own.j2").write_text(template)
    return Prompts(folder).parts("own.j2", MEDIA, **values)


def test_media_stand_where_the_template_places_them(folder: Path) -> None:
    template = "{{ candidates[1] }} beats {{ candidates[0] }}?\n{{ context[0] }}\nText: {{ p }}"
    made = parts(folder, template, p="a cube")
    assert made == [b"second", " beats ", b"first", "?\n", b"source", "\nText: a cube"]
    loop = "{% for c in context + candidates %}{{ loop.index }}: {{ c }} {% endfor %}"
    assert parts(folder, loop) == ["1: ", b"source", " 2: ", b"first", " 3: ", b"second", " "]


def test_media_that_are_not_placed_come_first(folder: Path) -> None:
    template = "{{ candidates | length }} of {{ p }}{% if context %}!{% endif %}"
    assert parts(folder, template, p="x") == [b"source", b"first", b"second", "2 of x!"]


def test_texts_among_the_candidates_are_texts(folder: Path) -> None:
    (folder / "own.j2").write_text("{{ context[0] }}{{ candidates[0] }}, {{ candidates[1] }}")
    shown = {"context": [b"source"], "candidates": ["yes", "no"]}
    assert Prompts(folder).parts("own.j2", shown) == [b"source", "yes, no"]


@pytest.mark.parametrize(
    ("template", "said"),
    [
        ("{{ candidates[0] }}{{ candidates[1] }}", r"places context\[0\] nowhere, but candidates"),
        ("{{ context[0] }}{{ candidates[1] }}", r"places candidates\[0\] nowhere, but context"),
        (
            "{{ context[0] }}{{ candidates[0] }}{{ candidates[1] }}{{ candidates[1] }}",
            r"places candidates\[1\] twice; place every medium once, or none",
        ),
        ("{{ candidates }}", "alters what stands for a medium"),
        ("{{ candidates[0][1:] }}", "alters what stands for a medium"),
        ("{{ candidates[2] }}", "has no element 2"),
    ],
)
def test_what_is_placed_wrongly_is_told(folder: Path, template: str, said: str) -> None:
    with pytest.raises(UserError, match=rf"prompt template 'own\.j2'.*{said}"):
        parts(folder, template)


@given(st.text(st.sampled_from("\0 0123456789.{}<>[]candidates"), max_size=60))
def test_text_cannot_place_a_medium(tmp_path_factory: pytest.TempPathFactory, text: str) -> None:
    folder = tmp_path_factory.mktemp("prompts")
    template = "{{ context[0] }}{{ candidates[0] }}{{ candidates[1] }}: {{ p }}"
    assert parts(folder, template, p=text) == [b"source", b"first", b"second", f": {text}"]


def test_a_mark_of_another_rendering_is_text(folder: Path) -> None:
    """Even one that leaked: each rendering has marks of its own."""
    leaked: list[str] = []
    environment = Prompts(folder)
    environment._environment.filters["leak"] = lambda mark: leaked.append(mark) or mark
    (folder / "own.j2").write_text("{{ context[0] | leak }}{{ candidates | join }}{{ p }}")
    environment.parts("own.j2", MEDIA, p="")
    made = environment.parts("own.j2", MEDIA, p=leaked[0])
    assert made == [b"source", b"first", b"second", leaked[0]]
