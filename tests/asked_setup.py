"""What tests of models under test share: data in the benchmarks' schemas, answers, a grader."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from chat_server import Body, Handler, completion
from conftest import write_jsonl

N = 20


def answers_file(path: Path, said: dict[Any, str]) -> Path:
    """A file for ``--model folder``; keys are item ids, or (item id, order)."""
    rows = []
    for key, text in said.items():
        item, order = key if isinstance(key, tuple) else (key, "ab")
        rows.append({"item_id": str(item), "order": order, "response": text})
    return write_jsonl(path, rows)


def video_mme(folder: Path) -> Path:
    """Twenty questions; the right option of item i is i % 4."""
    rows = [
        {
            "question_id": f"q{i}",
            "videoID": f"v{i // 2}",
            "duration": ("short", "medium", "long")[i % 3],
            "domain": "even" if i % 2 == 0 else "odd",
            "question": f"question {i}?",
            "options": [f"{letter}. option {letter.lower()}{i}" for letter in "ABCD"],
            "answer": "ABCD"[i % 4],
        }
        for i in range(N)
    ]
    return write_jsonl(folder / "test.jsonl", rows)


def msvd(folder: Path) -> Path:
    rows = [
        {"id": i, "video_id": f"v{i}", "question": f"what {i}?", "answer": f"word{i}"}
        for i in range(N)
    ]
    return write_jsonl(folder / "test.jsonl", rows)


def mmhal(folder: Path) -> Path:
    rows = [
        {
            "question_type": ("attribute", "counting")[i % 2],
            "image_content": ["Boat", "Wheel"],
            "image": f"{i}.png",
            "question": f"what {i}?",
            "gt_answer": f"word{i}",
        }
        for i in range(N)
    ]
    return write_jsonl(folder / "test.jsonl", rows)


def llava_bench(folder: Path) -> Path:
    rows = [
        {
            "question_id": i,
            "question": f"what {i}?",
            "image": f"{i}.png",
            "caption": ["a boat"],
            "gpt_answer": f"reference{i}",
            "category": ("conv", "detail", "complex")[i % 3],
        }
        for i in range(N)
    ]
    return write_jsonl(folder / "train.jsonl", rows)


def grading(reply: Callable[[str], str]) -> Callable[[Handler, Body], None]:
    """A grader whose reply is a function of what it is asked."""

    def behave(handler: Handler, body: Body) -> None:
        content = body["messages"][0]["content"]
        text = content if isinstance(content, str) else content[-1]["text"]
        handler.reply(200, completion(reply(text)))

    return behave


def graded_by(url: str, path: str = "judge") -> tuple[str, ...]:
    return ("--judge", "openai", "--judge-arg", f"url={url}", "--judge-arg", f"path={path}")


def results(folder: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((folder / "results.json").read_text())
    return found
