"""What a whole leaderboard costs by size of judge: an estimate whose assumptions are options.

    python bench/leaderboard_costs.py --flops 989e12 --used 0.4 --price 3.0

GPU seconds = requests x tokens x 2 x parameters / (flops x used). Requests are the benchmarks'
pairs in both orders. Only reading is counted, which is all there is with ``decode=choose``; a
verdict of a few words adds little, a judge that reasons at length several times as much. Nothing
here is measured, for want of a GPU; on one, ``python bench/judge_throughput.py --shape 7b`` tells
what share is used.
"""

from __future__ import annotations

import argparse
import sys

from rich.console import Console
from rich.table import Table
from unieval.harness.registry import tasks

BOARDS = {
    "genai-bench, vl-rewardbench": (
        *("genai-bench-image", "genai-bench-edit", "genai-bench-video", "vl-rewardbench"),
    ),
    "videogen-rewardbench": ("videogen-rewardbench",),
}
SIZES = {"0.5B": 0.5e9, "3B": 3e9, "7B": 7e9, "32B": 32e9, "72B": 72e9}
ORDERS = 2


def tokens(board: tuple[str, ...], given: argparse.Namespace) -> tuple[int, float]:
    """Requests and tokens of all benchmarks of a board."""
    requests, total = 0, 0.0
    for name in board:
        task = tasks.get(name).create({})
        assert task.source is not None
        assert task.source.items is not None
        pictures = 2 * (given.frames if task.modality == "video" else 1)
        each = given.text + pictures * given.pixels / 28**2
        requests += ORDERS * task.source.items
        total += ORDERS * task.source.items * each
    return requests, total


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--flops", type=float, default=312e12, help="of one GPU, in bfloat16")
    parser.add_argument("--used", type=float, default=0.4, help="share of them that is used")
    parser.add_argument("--price", type=float, default=2.0, help="dollars for a GPU hour")
    parser.add_argument("--pixels", type=float, default=512 * 512, help="of one picture or frame")
    parser.add_argument("--frames", type=int, default=8, help="of one video")
    parser.add_argument("--text", type=int, default=400, help="tokens of text a request")
    given = parser.parse_args()
    table = Table(
        title=f"{given.flops / 1e12:g} TFLOP/s, {given.used:.0%} used, ${given.price:g} an hour"
    )
    table.add_column("judge")
    boards = {name: tokens(board, given) for name, board in BOARDS.items()}
    for name, (requests, total) in boards.items():
        title = f"{name}: {requests:,} requests, {total / 1e6:,.0f}M tokens"
        table.add_column(title, justify="right", max_width=32)
    for size, parameters in SIZES.items():
        hours = [
            total * 2 * parameters / (given.flops * given.used) / 3600
            for _, total in boards.values()
        ]
        table.add_row(size, *(f"{h:,.1f} GPU h, ${h * given.price:,.0f}" for h in hours))
    Console(width=None if sys.stdout.isatty() else 100).print(table)


if __name__ == "__main__":
    main()
