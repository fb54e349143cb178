"""inspect_ai's engine on made items: ``eval`` with its mock model, one ``match`` scorer.

Run by ``harness_overhead.py --peers``; prints one JSON line. The outputs carry their token usage,
because the mock model would otherwise fetch a tokenizer from the network. With ``fastest`` as
second argument: 1,000 connections and no log while it runs.
"""

from __future__ import annotations

import json
import sys
import tempfile
import time
from importlib.metadata import version
from pathlib import Path
from typing import Any

from inspect_ai import Task
from inspect_ai import eval as evaluate
from inspect_ai.dataset import MemoryDataset, Sample
from inspect_ai.model import ModelOutput, ModelUsage, get_model
from inspect_ai.scorer import match
from inspect_ai.solver import generate

PROMPT = (
    "Two images were generated from the caption below. Say which one is better: first, second or"
    " tie.\nCaption: {prompt}\n"
)


def answer(*_: Any) -> ModelOutput:
    output = ModelOutput.from_content("mockllm/model", "first")
    output.usage = ModelUsage(input_tokens=40, output_tokens=1, total_tokens=41)
    return output


def samples() -> list[Sample]:
    with Path(sys.argv[1]).open(encoding="utf-8") as file:
        return [
            Sample(id=row["idx"], input=PROMPT.format(**row), target=row["vote_type"])
            for row in map(json.loads, file)
        ]


settings: dict[str, Any] = {}
if sys.argv[2:] == ["fastest"]:
    settings = {"max_connections": 1_000, "max_samples": 1_000, "log_realtime": False}
with tempfile.TemporaryDirectory() as folder:
    began = time.perf_counter()
    (log,) = evaluate(
        Task(dataset=MemoryDataset(samples()), solver=generate(), scorer=match()),
        model=get_model("mockllm/model", custom_outputs=answer),
        log_dir=folder,
        display="none",
        **settings,
    )
    seconds = time.perf_counter() - began
if log.status != "success":
    raise SystemExit(f"the run ended as '{log.status}': {log.error and log.error.message}")
print(json.dumps({"seconds": seconds, "version": version("inspect_ai")}))
