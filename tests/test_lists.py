"""What `unieval tasks` and `unieval judges` print, whole names for reading and for grep."""

import pytest
from unieval.harness.registry import judges, tasks


@pytest.mark.parametrize(("what", "registry"), [("tasks", tasks), ("judges", judges)])
def test_names_are_whole_in_a_narrow_terminal(unieval, monkeypatch, what, registry):
    monkeypatch.setenv("COLUMNS", "80")
    lines = unieval(what).out.splitlines()
    assert max(map(len, lines)) <= 80
    assert set(registry.names()) <= {line.split()[0] for line in lines if line.strip()}


def test_a_task_is_one_line_for_other_programs(unieval, monkeypatch):
    monkeypatch.delenv("COLUMNS", raising=False)
    lines = unieval("tasks").out.splitlines()
    assert [line.split()[0] for line in lines[1:]] == list(tasks.names())
    (found,) = [line for line in lines if line.startswith("videogen-rewardbench ")]
    assert "Apache-2.0" in found
    assert "26,457" in found
