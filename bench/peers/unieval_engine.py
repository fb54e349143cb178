"""unieval's engine as the peers are measured: called from Python, a prompt rendered, one order.

Run by ``harness_overhead.py --peers``; prints one JSON line.
"""

from __future__ import annotations

import json
import sys
import tempfile
import time
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path

from unieval.harness.items import Output, Request
from unieval.harness.judge import Supports
from unieval.harness.prompts import Prompts
from unieval.harness.registry import judge
from unieval.harness.run import run

PROMPT = """Two images were generated from the caption below. Say which one is better: first,
second or tie.
Caption: {{ prompt }}
"""


@judge("renders-a-prompt")
class RendersAPrompt:
    """Renders the template for every request, as a judge with a model does, then says *first*."""

    supports = Supports(needs_media=False)
    grammar = "plain"

    def __init__(self, prompts: Path) -> None:
        self.template = Prompts(prompts).template("pair.j2")

    def judge(self, batch: Sequence[Request]) -> list[Output]:
        return [self._answer(request) for request in batch]

    def _answer(self, request: Request) -> Output:
        asked = self.template.render(prompt=request.item.prompt)
        return Output(text="first", tokens_in=len(asked) // 4, tokens_out=1)


with tempfile.TemporaryDirectory() as folder:
    prompts = Path(folder) / "prompts"
    prompts.mkdir()
    (prompts / "pair.j2").write_text(PROMPT, encoding="utf-8")
    began = time.perf_counter()
    run(
        judge="renders-a-prompt",
        judge_arguments={"prompts": str(prompts)},
        task="genai-bench-image",
        data=sys.argv[1],
        order="given",
        out=Path(folder) / "run",
    )
    seconds = time.perf_counter() - began
print(json.dumps({"seconds": seconds, "version": version("unieval")}))
