"""Secrets are in no message, log, manifest, record, report or traceback."""

from __future__ import annotations

from pathlib import Path

import pytest
from unieval.harness.secrets import scrubbed, scrubbed_tree

TOKEN = "hf_AbCdEfGhIjKlMnOpQrStUvWx"
KEY = "the-value-of-some-environment-variable"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("https://me:pw@host/a", "https://***@host/a"),
        ("s3://id:secret@bucket/a.png", "s3://***@bucket/a.png"),
        ("GET /a?size=2&token=abc&x=1 failed", "GET /a?size=2&token=***&x=1 failed"),
        (
            "https://h/a?X-Amz-Signature=abc&sig=d#top",
            "https://h/a?X-Amz-Signature=***&sig=***#top",
        ),
        ("{'Authorization': 'Bearer abc.def'}", "{'Authorization': ***'}"),
        ("authorization: Basic dXNlcjpwdw==", "authorization: ***"),
        ("sent Bearer abcdefghij to it", "sent Bearer *** to it"),
        (f"login with {TOKEN} refused", "login with *** refused"),
        ("sk-proj-abcdefghijklmnop was refused", "*** was refused"),
        ("api_key=abc", "api_key=***"),
        ("hf_token=abc", "hf_token=***"),
        (f"set to {KEY}!", "set to ***!"),
    ],
)
def test_what_is_hidden(monkeypatch: pytest.MonkeyPatch, text: str, shown: str) -> None:
    monkeypatch.setenv("SOME_API_KEY", KEY)
    assert scrubbed(text) == shown
    assert scrubbed(scrubbed(text)) == shown


@pytest.mark.parametrize(
    "text",
    [
        "max_new_tokens=512",
        "key_variable=OPENAI_API_KEY",
        "https://huggingface.co/datasets/o/n?not-for-all=1",
        "a token limit of 5 was reached; the key word is 'secret'",
        "out of memory with 16 requests of up to 2,048 tokens",
        "me@example.org",
    ],
)
def test_what_is_none_stays(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    monkeypatch.setenv("TOKENIZERS_PARALLELISM", "2,048 tokens")
    monkeypatch.setenv("SHORT_KEY", "16")
    assert scrubbed(text) == text


def test_in_trees() -> None:
    tree = {"password": "abc", "path": f"a/{TOKEN}", "votes": 3, "more": [("x", None, "token=1")]}
    hidden = {"password": "***", "path": "a/***", "votes": 3, "more": [["x", None, "token=***"]]}
    assert scrubbed_tree(tree) == hidden


def files(folder: Path) -> bytes:
    return b"".join(file.read_bytes() for file in folder.rglob("*") if file.is_file())


def test_a_run_keeps_no_secret(
    unieval, arguments, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An error that quotes the key and a header, and a token on the command line."""
    monkeypatch.setenv("SOME_API_KEY", KEY)
    said = f"refused: Authorization: Bearer {KEY} at https://me:pass-word@host/?token=t0ken1234"
    done = unieval(*arguments("quotes", "--judge-arg", f"said={said}"))
    assert done.code == 3
    assert "refused: Authorization: ***" in done.err
    assert unieval("report", tmp_path / "run", "--out", tmp_path / "report").code == 0
    table = unieval("leaderboard", tmp_path / "run", "--format", "json")
    assert table.code == 0
    written = files(tmp_path / "run") + files(tmp_path / "report")
    everything = written + "".join([done.out, done.err, table.out, table.err]).encode()
    assert b"refused: Authorization: ***" in everything
    for secret in (KEY, "pass-word", "t0ken1234"):
        assert secret.encode() not in everything
    again = unieval(*arguments("quotes", "--judge-arg", f"said={said}"))
    assert again.code == 3  # what was hidden does not make it another run


def test_a_traceback_shows_no_secret(unieval, arguments, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOME_API_KEY", KEY)
    crashed = unieval(*arguments("quotes", "--judge-arg", f"said={KEY}", "--judge-arg", "crash=1"))
    assert crashed.code == 1
    assert "Traceback" in crashed.err
    assert "RuntimeError: ***" in crashed.err
    assert KEY not in crashed.err + crashed.out
