"""Made items in GenAI-Bench's image schema, without media, and the plain loop over them.

Used by ``harness_overhead.py``; the loop runs as a process of its own:

    python bench/made_items.py ITEMS.jsonl ANSWERS.jsonl given|both
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from random import Random

VOTES = {
    "leftvote": "first",
    "rightvote": "second",
    "tievote": "tie",
    "bothbad_vote": "tie",
}
SWAPPED = {"first": "second", "second": "first", "tie": "tie"}
DURABLE_EVERY = 1_000

_NOUNS = ("cat", "bus", "teapot", "lighthouse", "violin", "fox", "bridge", "orange", "robot")
_PLACES = ("on a wet street at night", "in a sunlit kitchen", "under a starry sky", "in the snow")
_STYLES = ("a photo of", "an oil painting of", "a watercolour of", "a pencil sketch of")


def write_items(path: Path, number: int) -> None:
    """Write ``number`` items as JSON Lines; three items share a prompt, as in the benchmark."""
    random = Random(0)
    votes, weights = list(VOTES), (0.36, 0.34, 0.12, 0.18)
    with path.open("w", encoding="utf-8") as file:
        for index in range(number):
            if index % 3 == 0:
                things = " and ".join(random.sample(_NOUNS, 2))
                prompt = f"{random.choice(_STYLES)} {things} {random.choice(_PLACES)}, {index // 3}"
            left, right = random.sample(("model-a", "model-b", "model-c", "model-d"), 2)
            row = {
                "idx": index,
                "prompt": prompt,
                "left_model": left,
                "right_model": right,
                "vote_type": random.choices(votes, weights)[0],
            }
            file.write(json.dumps(row) + "\n")


def plain_loop(data: Path, answers: Path, order: str) -> float:
    """What one would write for an afternoon: read, ask, parse, keep durably, count.

    Builds the prompt of every pair and order, reads the answer, appends a JSON line for each and
    makes them durable a thousand at a time. It has no plan, keys, resume, failures or intervals.

    Returns:
        The accuracy with ties (``tau``), averaged over orders.
    """
    right = asked = 0
    shown_orders = ("ab", "ba") if order == "both" else ("ab",)
    with data.open(encoding="utf-8") as rows, answers.open("w", encoding="utf-8") as kept:
        for line in rows:
            row = json.loads(line)
            label = VOTES[row["vote_type"]]
            for shown in shown_orders:
                models = (row["left_model"], row["right_model"])
                one, two = models if shown == "ab" else reversed(models)
                prompt = (
                    "Two images were generated from the caption below. Say which one is better:"
                    f" first, second or tie.\nCaption: {row['prompt']}\nImage 1: {one}"
                    f"\nImage 2: {two}"
                )
                said = answer(prompt)
                verdict = said if said in SWAPPED else None
                if verdict is not None and shown == "ba":
                    verdict = SWAPPED[verdict]
                right += verdict == label
                asked += 1
                record = {"item": row["idx"], "order": shown, "raw": said, "verdict": verdict}
                kept.write(json.dumps(record) + "\n")
                if asked % DURABLE_EVERY == 0:
                    kept.flush()
                    os.fsync(kept.fileno())
        kept.flush()
        os.fsync(kept.fileno())
    return right / asked


def answer(prompt: str) -> str:
    """The free judge of the comparison: always the first one."""
    return "first"


if __name__ == "__main__":
    print(plain_loop(Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3]))
