"""Our batched judging beside the public scripts' way, on the same checkpoint, items and machine.

    python bench/judge_throughput.py                     the shipped judge, on a CPU
    python bench/judge_throughput.py --dtype bfloat16    both in that number format
    python bench/judge_throughput.py --task genai-bench-video     videos of 8 frames
    python bench/judge_throughput.py --judge transformers --path FOLDER     any checkpoint
    python bench/judge_throughput.py --shape 7b --items 256 --batch-size 32     for a GPU: a model
        of 7B parameters with random weights, pairs of 512 x 512 pixels

The public scripts' way: one pair at a time, PIL images to the processor to ``generate``, no batch,
nothing remembered. Ours: the harness with every record stored, ``decode=generate`` and
``decode=choose``, one order and both. Weights are loaded before the clock starts. All ways take
turns, so that what else the machine does meets all of them, and the median of the rounds counts.
Printed are items and pictures (frames of a video) a second, the ratio, the share of the same
verdicts as one at a time, how often the vision tower saw each distinct medium, seconds of all cores
for an item, and which share of the time of ``choose`` the products of reading the chats take, at
the rate at which this machine multiplies large matrices in the model's number format.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
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
from unieval.judges.backends.chats import model_inputs, placed

_ANSWER = 6
"""Tokens of a verdict; a model with random weights would go on writing."""


@dataclass(frozen=True)
class Timed:
    """One way of judging: seconds for all items, the verdicts by item and order, tower calls."""

    name: str
    items: int
    seconds: float
    cpu: float
    verdicts: dict[tuple[str, str], str | None]
    encoded: float | None = None


@contextmanager
def clock() -> Iterator[list[float]]:
    """Seconds, and seconds of all cores, of what is done within."""
    found: list[float] = []
    began, used = time.perf_counter(), time.process_time()
    yield found
    found += time.perf_counter() - began, time.process_time() - used


def prepared(given: argparse.Namespace, order: str, **arguments: Any) -> Prepared:
    """A judge with loaded weights, and its plan."""
    own = {"device": given.device, "pairs": "verdicts", **arguments}
    own |= {"path": given.path} if given.path else {}
    own |= {"dtype": given.dtype} if given.dtype else {}
    own |= {"tie": None} if arguments["decode"] == "choose" else {}  # the likeliest, as written
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
    turns = [  # written before the clock starts; the media are opened anew
        {"role": "user", "content": [block(part) for part in judge.chat(request).parts]}
        for request in requests
    ]
    judge.close()
    with clock() as took, torch.inference_mode():
        for request, turn in zip(requests, turns, strict=True):
            inputs = inputs_of(processor, judge, request, turn)
            tokens = model.generate(
                **placed(inputs, model), max_new_tokens=judge.max_new_tokens, do_sample=False
            )
            answer = tokens[0, inputs["input_ids"].shape[1] :]
            said = processor.tokenizer.decode(answer, skip_special_tokens=True)
            parsed = read(said, Asked.of(request.item, "robust"))
            verdicts[request.item.id, request.order] = in_item_frame(parsed, request.order)[0]
    return Timed("one at a time", len(requests), *took, verdicts)


def inputs_of(processor: Any, judge: Any, request: Any, turn: Any) -> Any:
    """What the processor makes of one pair, whose media are opened for it."""
    if request.item.modality == "video":
        return model_inputs(processor, [judge.chat(request)])
    text = processor.apply_chat_template([turn], tokenize=False, add_generation_prompt=True)
    media = [*request.item.context, *(c for c in request.shown if not isinstance(c, str))]
    images = [load_image(medium).convert("RGB") for medium in media]
    return processor(text=[text], images=images, return_tensors="pt")


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
        with clock() as took:
            found = execute(made, Path(folder), lambda line: print(line, file=sys.stderr))
        with Store(Path(folder)) as store:
            rows = store._db.execute("SELECT item, ord, verdict FROM records").fetchall()
    return Timed(
        f"{decode}, order={order}",
        found["tasks"][task]["n"],
        found["timing"]["seconds"],
        took[1],
        {(item, order): verdict for item, order, verdict in rows},
        None if features is None else features.encoded / len(media),
    )


def agreement(one: Timed, other: Timed) -> float:
    """Share of the same verdicts where both judged an item in the same order."""
    common = one.verdicts.keys() & other.verdicts.keys()
    return sum(one.verdicts[key] == other.verdicts[key] for key in common) / len(common)


def middle(rounds: Sequence[Timed]) -> Timed:
    """The round of median seconds."""
    return sorted(rounds, key=lambda timed: timed.seconds)[len(rounds) // 2]


def table(ways: Sequence[Timed], pictures: int) -> Table:
    """One line a way of judging items that each show so many pictures or frames."""
    base = ways[0]
    made = Table(title=f"{base.items:,} pairs, {pictures} pictures or frames each")
    columns = "way seconds items/s pictures/s faster same-verdict tower/medium core-ms/item"
    for column in columns.split():
        made.add_column(column, justify="left" if column == "way" else "right")
    for way in ways:
        rate = way.items / way.seconds
        orders = 2 if way.name.endswith("both") else 1
        made.add_row(
            way.name,
            f"{way.seconds:.2f}",
            f"{rate:.1f}",
            f"{rate * orders * pictures:.0f}",
            f"{base.seconds / way.seconds:.1f}",
            f"{agreement(base, way):.3f}",
            "" if way.encoded is None else f"{way.encoded:.2f}",
            f"{1000 * way.cpu / way.items:.1f}",
        )
    return made


@dataclass(frozen=True)
class Work:
    """What judging one order of all items takes at least.

    Two operations for each weight and token: the language model's for every token of a chat (of
    its last layer, some parts work on the last token alone), the vision tower's for every patch.
    Attention's own products are left out.

    Args:
        seconds: of the products, at the measured rate of large ones.
        pictures: pictures or frames that an item shows.
    """

    seconds: float
    pictures: int


def work(given: argparse.Namespace) -> Work:
    """The products of reading all pairs in one order."""
    import torch

    made = prepared(given, "given", decode="choose")
    judge: Any = made.judge
    model = judge.model.load().model
    (plan,) = made.plans.values()
    requests = [r for _, item in plan.items(media=True) for r in plan.requests(item)]
    chats = [chat for request in requests for chat in judge.prepare(request).chats]
    tokens = sum(chat.size for chat in chats)
    media = {medium.key: medium for chat in chats for medium in chat.media}.values()
    patches = sum(max(len(tensor) for tensor in medium.tensors.values()) for medium in media)
    last = f".layers.{model.config.get_text_config().num_hidden_layers - 1}."
    products = 0
    for name, weight in model.named_parameters():
        if weight.ndim < 2 or "embed_tokens" in name or "lm_head" in name:
            continue
        seen = patches if ".visual." in name else tokens
        if "language_model" in name and last in name and (".mlp." in name or ".o_proj." in name):
            seen = len(chats)
        merged = model.config.vision_config.spatial_merge_size**2 if ".merger.mlp" in name else 1
        products += 2 * weight.numel() * seen // merged
    side = 8192 if model.device.type == "cuda" else 1024
    a = torch.randn(side, side, device=model.device, dtype=model.dtype)
    best = min(multiplied(a) for _ in range(10))
    chat = judge.chat(requests[0])
    pictures = len(chat.images) + sum(len(clip.frames) for clip in chat.clips)
    return Work(products / (2 * side**3 / best), pictures)


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
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--batch-size", type=int, default=None)
    parser.add_argument("--threads", type=int, help="cores that torch computes with")
    parser.add_argument("--dtype", help="number format of the weights, of all ways alike")
    parser.add_argument("--device", default="auto")
    parser.add_argument("--shape", choices=SHAPES, help="random weights of this shape")
    parser.add_argument("--side", type=int, default=512, help="pixels of a picture's side")
    given = parser.parse_args()
    import torch

    if given.threads:
        torch.set_num_threads(given.threads)
    if given.shape is None:
        return measure(given)
    cuda = torch.cuda.is_available() and given.device != "cpu"
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        dtype, device = ("bfloat16", "cuda") if cuda else ("float32", "cpu")
        given.path = str(save_shaped(given.shape, folder / "model", dtype, device))
        given.judge, given.task = "transformers", "genai-bench-image"
        given.data = str(write_pairs(folder, given.items, given.side))
        return measure(given)


def measure(given: argparse.Namespace) -> int:
    """All ways in turn, and the table."""
    ours(given, "choose", "given")  # the first run of all warms up what is compiled or cached
    rounds = [
        [
            one_at_a_time(given),
            *(ours(given, d, o) for d in ("generate", "choose") for o in ("given", "both")),
        ]
        for _ in range(given.rounds)
    ]
    ways = [middle(way) for way in zip(*rounds, strict=True)]
    least = work(given)
    Console(width=120).print(table(ways, least.pictures))
    one, both = ways[3], ways[4]
    print(f"both orders take {both.seconds / one.seconds:.2f} times the time of one (choose)")
    print(f"  {both.cpu / one.cpu:.2f} times the time of all cores")
    share = least.seconds / one.seconds
    print(f"reading's products alone would take {share:.0%} of the time of one order (choose)")
    print(f"peak memory: {memory(given.device)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
