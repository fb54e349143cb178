"""The two courses before the judge's own training: first to see, then to look for.

Works alone or in several processes (``accelerate launch``), which each take other batches and
share what they learnt. What comes out depends on the seed and on how many processes there are.
"""

from __future__ import annotations

import json
import math
import sys
import time
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from accelerate import Accelerator
from transformers import AutoTokenizer, Qwen2_5_VLForConditionalGeneration

from ...judges.backends.attention import attend_at_once
from .architecture import build, save
from .language import Language
from .vision import Vision
from .vocabulary import tokenizer

_WEIGHTS = "model.safetensors"
_EVERY = 100
"""Steps between points of the curve."""
_KEEP = 500
"""Steps between states that a broken-off course goes on from."""
_SETTLED = 0.4
"""Share of the second course after which the vision tower stays as it is."""
_CLIP = 1.0
_RISE = 100
"""Steps over which the learning rate rises."""


def see(folder: Path, *, seed: int, steps: int) -> Path:
    """Take the first course, or find it taken: the checkpoint ``folder/seen``.

    Its curve is ``folder/seen.jsonl``.
    """
    together, done = workers(), folder / "seen"
    if (done / _WEIGHTS).is_file():
        return done
    words = tokenizer()
    model = build(words, seed)
    attend_at_once(model)
    seeing = Vision(model)
    _learn(
        together,
        seeing,
        lambda step, rank: seeing.batch(seed, step, rank),
        [{"params": seeing.parameters(), "lr": 3e-3}],
        steps,
        0.03,
        folder / "seen.jsonl",
    )
    seeing.scale(seeing.batch(seed, "scale"))
    seeing.name_words(model, words)
    return _saved(together, model, words, done)


def read(folder: Path, *, seed: int, steps: int) -> Path:
    """Take the second course after the first, or find it taken: the checkpoint ``folder/read``.

    Its curve is ``folder/read.jsonl``.
    """
    together, done = workers(), folder / "read"
    if (done / _WEIGHTS).is_file():
        return done
    model = Qwen2_5_VLForConditionalGeneration.from_pretrained(folder / "seen")
    attend_at_once(model)
    torch.manual_seed(seed)
    words = AutoTokenizer.from_pretrained(folder / "seen")
    reading = Language(model, words)
    tower = {id(weight) for weight in model.model.visual.parameters()}
    rest = [weight for weight in reading.parameters() if id(weight) not in tower]

    def batch(step: int, rank: int) -> Any:
        # what is seen should stay what it is while the last and hardest is learnt
        model.model.visual.requires_grad_(step < _SETTLED * steps)
        return reading.batch(step / steps, seed, step, rank)

    _learn(
        together,
        reading,
        batch,
        [
            {"params": rest, "lr": 9e-4},
            {"params": model.model.visual.parameters(), "lr": 3e-4},
        ],
        steps,
        0.2,
        folder / "read.jsonl",
    )
    return _saved(together, model, words, done)


def workers() -> Accelerator:
    """The processes that work together, each with one thread on a CPU."""
    together = Accelerator(cpu=not torch.cuda.is_available())
    if together.device.type == "cpu":
        torch.set_num_threads(1)  # in work this small they wait for each other
    return together


def _saved(together: Accelerator, model: Any, words: Any, folder: Path) -> Path:
    if together.is_main_process:
        save(model, words, folder)
    together.wait_for_everyone()
    return folder


def _learn(
    together: Accelerator,
    course: Any,
    batch: Callable[[int, int], Any],
    groups: list[dict[str, Any]],
    steps: int,
    last: float,
    curve: Path,
) -> None:
    """Take a course: AdamW, the learning rate falling to ``last`` of its peak as a cosine does.

    A course that was broken off goes on where ``curve.pt`` stands.
    """
    optimizer = torch.optim.AdamW(groups, weight_decay=0.01, betas=(0.9, 0.98))
    peaks = [group["lr"] for group in optimizer.param_groups]
    every = [weight for group in optimizer.param_groups for weight in group["params"]]
    begin = _resumed(course, optimizer, curve)
    right: dict[str, list[float]] = defaultdict(list)
    began = time.monotonic()
    course.train()
    for step in range(begin, steps):
        fall = last + (1 - last) * (1 + math.cos(math.pi * step / steps)) / 2
        for group, peak in zip(optimizer.param_groups, peaks, strict=True):
            group["lr"] = peak * fall * min(1, (step + 1) / _RISE)
        loss, hits = course(batch(step, together.process_index))
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        weights = [weight for weight in every if weight.requires_grad]
        _share(together, weights)
        torch.nn.utils.clip_grad_norm_(weights, _CLIP)
        optimizer.step()
        for name, hit in {**hits, "loss": loss.item()}.items():
            right[name].append(hit)
        if (step + 1) % _EVERY == 0 and together.is_main_process:
            pace = (time.monotonic() - began) / (step + 1 - begin)
            means = {name: round(sum(hits) / len(hits), 4) for name, hits in sorted(right.items())}
            with curve.open("a") as out:
                out.write(json.dumps({"step": step + 1, "pace": round(pace, 3), **means}) + "\n")
            print(
                f"{curve.stem}, step {step + 1:,}/{steps:,}: loss {means['loss']:.3f};"
                f" {pace * (steps - step - 1):,.0f} s left",
                file=sys.stderr,
                flush=True,
            )
            right.clear()
        if (step + 1) % _KEEP == 0 and together.is_main_process:
            state = {"course": course.state_dict(), "optimizer": optimizer.state_dict()}
            torch.save({"step": step + 1, **state}, curve.with_suffix(".part"))
            curve.with_suffix(".part").replace(curve.with_suffix(".pt"))


def _resumed(course: Any, optimizer: Any, curve: Path) -> int:
    """Load the state of a course that was broken off; returns its step, else 0."""
    file = curve.with_suffix(".pt")
    if not file.is_file():
        return 0
    state = torch.load(file, weights_only=True)
    course.load_state_dict(state["course"])
    optimizer.load_state_dict(state["optimizer"])
    return int(state["step"])


def _share(together: Accelerator, weights: list[Any]) -> None:
    """Every process goes on with the mean of all gradients; heads that were not asked have none."""
    if together.num_processes == 1:
        return
    flat = torch.cat(
        [torch.zeros_like(w).flatten() if w.grad is None else w.grad.flatten() for w in weights]
    )
    mean = together.reduce(flat, "mean")
    for weight, part in zip(weights, mean.split([w.numel() for w in weights]), strict=True):
        weight.grad = part.view_as(weight)
