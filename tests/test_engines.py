"""What another process needs to know to build the same judge or model."""

from __future__ import annotations

import os
import pickle
from pathlib import Path

import pytest
from unieval.harness.engines import EngineSettings, Recipe
from unieval.harness.errors import UserError
from unieval.harness.registry import judges, load_plugin, models

PLANTED = Path(__file__).parent / "planted.py"


def test_a_judge_is_built_again_from_its_recipe(monkeypatch, tmp_path):
    load_plugin(PLANTED)
    monkeypatch.chdir(tmp_path)
    arguments = {"p": "0.25"}
    judge = judges.get("right-with-probability").create(arguments)
    recipe = pickle.loads(
        pickle.dumps(Recipe.of("judge", "right-with-probability", arguments, judge))
    )
    assert PLANTED in recipe.plugins
    monkeypatch.chdir("/")
    assert recipe.build().p == 0.25
    assert Path.cwd() == tmp_path  # relative paths among arguments mean the same


def test_what_a_model_took_note_of_in_the_plan_comes_along():
    model = models.get("transformers").create({"path": "somewhere"})
    model.note({"media": 7, "frames": 3})
    again = pickle.loads(
        pickle.dumps(Recipe.of("model", "transformers", {"path": "somewhere"}, model))
    )
    assert again.build().noted() == {"media": 7, "frames": 3}


def test_the_local_engine_takes_no_arguments():
    with pytest.raises(UserError, match="needs --engine ray"):
        EngineSettings("local", {"replicas": "2"})


@pytest.fixture(autouse=True)
def _back(monkeypatch):
    folder = Path.cwd()
    yield
    os.chdir(folder)
