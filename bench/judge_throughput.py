"""Our batched judging beside the public scripts' way, on the same checkpoint, items and machine.

    python bench/judge_throughput.py                     the shipped judge, on a CPU
    python bench/judge_throughput.py --judge transformers --path FOLDER     any checkpoint
    python bench/judge_throughput.py --shape 7b --items 256 --batch-size 32     for a GPU: a model
        of 7B parameters with random weights, pairs of 512 x 512 pixels

The public scripts' way: one pair at a time, PIL images to the processor to ``generate``, no batch,
nothing remembered. Ours: the harness with every record stored, ``decode=generate`` and
``decode=choose``, one order and both. Weights are loaded before the clock starts. Printed are items
a second, the ratio, the share of the same verdicts as one at a time, how often the vision tower saw
each distinct image, and which share of the time of ``choose`` the arithmetic of reading the chats
takes at the rate at which this machine multiplies large matrices in the model's number format.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table
from shaped_checkpoint import SHAPES, save_shaped, write_pairs
from unieval.harness.media import load_image
from unieval.harness.parsing import Asked, get_grammar, in_item_frame
from unieval.harness.preparation import Prepared, Settings, prepare
from unieval.harness.run import execute
from unieval.harness.store import Store
from unieval.judges.backends.chats import model_inputs

_ANSWER = 6
"""Tokens of a verdict; a model with random weights would go on writing."""


@dataclass(frozen=True)
class Timed:
    """One way of judging: seconds for all items, the verdicts by item and order, tower calls."""

    name: str
    items: int
    seconds: float
    verdicts: dict[tuple[str, str], str | None]
    encoded: float | None = None

    @property
    def rate(self) -> float:
        return self.items / self.seconds


def prepared(given: argparse.Namespace, order: str, **arguments: Any) -> Prepared:
    """A judge with loaded weights, and its plan."""
    own = {"device": given.device, "pairs": "verdicts", **arguments}
    own |= {"path": given.path} if given.path else {}
    own |= {"max_new_tokens": _ANSWER} if given.shape else {}
    made = prepare(
        Settings(
            judge=given.judge,
            judge_arguments=own,
            tasks=(given.task,),
            data=given.data,
            limit=given.items,
            order=order,  # type: ignore[arg-type]
            batch_size=given.batch_size,
        )
    )
    made.judge.model.load()  # type: ignore[attr-defined]
    return made


def one_at_a_time(given: argparse.Namespace) -> Timed:
    """Each pair by itself, as the public scripts do it."""
    import torch
    from transformers import AutoModelForImageTextToText
    from unieval.judges.backends.processors import load_processor

    made = prepared(given, "given", decode="generate")
    judge: Any = made.judge
    source, dtype = judge.model.checkpoint.source, judge.model.resolved_dtype
    device = judge.model.load().model.device
    judge.close()
    processor = load_processor(source)
    model = AutoModelForImageTextToText.from_pretrained(source, dtype=dtype).to(device).eval()
    (plan,) = made.plans.values()
    requests = [r for _, item in plan.items(media=True) for r in plan.requests(item)]
    read = get_grammar(judge.grammar)
    verdicts: dict[tuple[str, str], str | None] = {}
    turns = [  # written before the clock starts; the pictures are opened anew
        {"role": "user", "content": [block(part) for part in judge.chat(request).parts]}
        for request in requests
    ]
    began = time.perf_counter()
    for request, turn in zip(requests, turns, strict=True):
        text = processor.apply_chat_template([turn], tokenize=False, add_generation_prompt=True)
        media = [*request.item.context, *(c for c in request.shown if not isinstance(c, str))]
        images = [load_image(medium).convert("RGB") for medium in media]
        inputs = processor(text=[text], images=images, return_tensors="pt")
        inputs = inputs.to(model.device, dtype=model.dtype)
        with torch.inference_mode():
            tokens = model.generate(**inputs, max_new_tokens=judge.max_new_tokens)
        answer = tokens[0, inputs["input_ids"].shape[1] :]
        said = processor.tokenizer.decode(answer, skip_special_tokens=True)
        parsed = read(said, Asked.of(request.item, "robust"))
        verdicts[request.item.id, request.order] = in_item_frame(parsed, request.order)[0]
    return Timed("one at a time", len(requests), time.perf_counter() - began, verdicts)


def block(part: Any) -> dict[str, str]:
    """A part of a chat as chat templates take it."""
    return {"type": "text", "text": part} if isinstance(part, str) else {"type": "image"}


def ours(given: argparse.Namespace, decode: str, order: str) -> Timed:
    """The same through the harness."""
    made = prepared(given, order, decode=decode)
    features = made.judge.model.load().features  # type: ignore[attr-defined]
    (task,), (plan,) = made.plans, made.plans.values()
    media = {m.key for _, item in plan.items() for m in item.media}
    with tempfile.TemporaryDirectory() as folder:
        found = execute(made, Path(folder), lambda line: print(line, file=sys.stderr))
        with Store(Path(folder)) as store:
            rows = store._db.execute("SELECT item, ord, verdict FROM records").fetchall()
    return Timed(
        f"ours, decode={decode}, order={order}",
        found["tasks"][task]["n"],
        found["timing"]["seconds"],
        {(item, order): verdict for item, order, verdict in rows},
        None if features is None else features.encoded / len(media),
    )


def agreement(one: Timed, other: Timed) -> float:
    """Share of the same verdicts where both judged an item in the same order."""
    common = one.verdicts.keys() & other.verdicts.keys()
    return sum(one.verdicts[key] == other.verdicts[key] for key in common) / len(common)


def table(ways: Sequence[Timed]) -> Table:
    """One line a way of judging."""
    base = ways[0]
    made = Table(title=f"{base.items:,} pairs")
    for column in ("way", "seconds", "items/s", "times as fast", "same verdict", "tower/image"):
        made.add_column(column, justify="left" if column == "way" else "right")
    for way in ways:
        made.add_row(
            way.name,
            f"{way.seconds:.2f}",
            f"{way.rate:.1f}",
            f"{way.rate / base.rate:.1f}",
            f"{agreement(base, way):.3f}",
            "" if way.encoded is None else f"{way.encoded:.2f}",
        )
    return made


def arithmetic(given: argparse.Namespace, pairs: int) -> float:
    """Seconds that the products of reading so many pairs take at the measured rate.

    Two operations for each weight and token: the language model's for every token of a chat, the
    vision tower's for every patch. Attention's own products are left out.
    """
    import torch

    made = prepared(given, "given", decode="choose")
    judge: Any = made.judge
    model = judge.model.load().model
    (plan,) = made.plans.values()
    request = next(r for _, item in plan.items(media=True) for r in plan.requests(item))
    inputs = model_inputs(judge.model.preparation.processor, [judge.chat(request)])
    weights = {"text": 0, "vision": 0}
    for name, weight in model.named_parameters():
        if weight.ndim >= 2 and "embed" not in name and "lm_head" not in name:
            weights["vision" if ".visual." in name else "text"] += weight.numel()
    tokens, patches = inputs["input_ids"].shape[1], inputs["pixel_values"].shape[0]
    work = 2 * (weights["text"] * tokens + weights["vision"] * patches) * pairs
    side = 8192 if model.device.type == "cuda" else 1024
    a = torch.randn(side, side, device=model.device, dtype=model.dtype)
    best = min(multiplied(a) for _ in range(10))
    return work / (2 * side**3 / best)


def multiplied(a: Any) -> float:
    import torch

    began = time.perf_counter()
    _ = a @ a
    if a.device.type == "cuda":
        torch.cuda.synchronize()
    return time.perf_counter() - began


def memory(device: str) -> str:
    """The most memory that was in use, on the GPU if there is one."""
    import resource

    import torch

    if torch.cuda.is_available() and device != "cpu":
        return f"{torch.cuda.max_memory_allocated() / 1e9:.1f} GB on the GPU"
    return f"{resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6:.1f} GB"


def main() -> int:
    """Measure all ways in one process, print the table."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--judge", default="unifiedreward-nano")
    parser.add_argument("--path", help="a checkpoint other than the judge's own")
    parser.add_argument("--task", default="genai-bench-image")
    parser.add_argument("--data", default="demo")
    parser.add_argument("--items", type=int, default=200)
    parser.add_argument("--batch-size", type=int, default=None)
    parser.add_argument("--device", default="auto")
    parser.add_argument("--shape", choices=SHAPES, help="random weights of this shape")
    parser.add_argument("--side", type=int, default=512, help="pixels of a picture's side")
    given = parser.parse_args()
    if given.shape is None:
        return measure(given)
    import torch

    cuda = torch.cuda.is_available() and given.device != "cpu"
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        dtype, device = ("bfloat16", "cuda") if cuda else ("float32", "cpu")
        given.path = str(save_shaped(given.shape, folder / "model", dtype, device))
        given.judge, given.task = "transformers", "genai-bench-image"
        given.data = str(write_pairs(folder, given.items, given.side))
        return measure(given)


def measure(given: argparse.Namespace) -> int:
    """All ways, and the table."""
    ours(given, "choose", "given")  # the first run of all warms up what is compiled or cached
    ways = [one_at_a_time(given)]
    for decode in ("generate", "choose"):
        ways += [ours(given, decode, order) for order in ("given", "both")]
    Console(width=110).print(table(ways))
    one, both = ways[3], ways[4]
    share = arithmetic(given, one.items) / one.seconds
    print(f"both orders take {both.seconds / one.seconds:.2f} times the time of one (choose)")
    print(f"reading's products alone would take {share:.0%} of the time of one order (choose)")
    print(f"peak memory: {memory(given.device)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
