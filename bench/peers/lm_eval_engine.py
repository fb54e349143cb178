"""lm-eval's engine on made items: ``simple_evaluate``, the dummy model, one local task.

Run by ``harness_overhead.py --peers``; prints one JSON line. ``include_defaults=False`` spares it
the index of its own tasks (some 20 s a run), which is what ``lm_eval run`` pays by default.
"""

from __future__ import annotations

import json
import sys
import tempfile
import time
from importlib.metadata import version
from pathlib import Path

TASK = """\
task: made_pairs
dataset_path: json
dataset_kwargs:
  data_files:
    test: {data}
test_split: test
output_type: generate_until
doc_to_text: "Two images were generated from the caption below. Say which one is better: first,\
 second or tie.\\nCaption: {{{{prompt}}}}\\n"
doc_to_target: "{{{{vote_type}}}}"
generation_kwargs:
  until: ["\\n"]
metric_list:
  - metric: exact_match
    aggregation: mean
    higher_is_better: true
metadata:
  version: 1.0
"""

with tempfile.TemporaryDirectory() as folder:
    import os

    os.environ["HF_DATASETS_CACHE"] = f"{folder}/cache"
    from lm_eval.evaluator import simple_evaluate
    from lm_eval.tasks import TaskManager

    Path(folder, "made_pairs.yaml").write_text(TASK.format(data=sys.argv[1]), encoding="utf-8")
    began = time.perf_counter()
    simple_evaluate(
        model="dummy",
        tasks=["made_pairs"],
        task_manager=TaskManager(include_path=folder, include_defaults=False),
    )
    seconds = time.perf_counter() - began
print(json.dumps({"seconds": seconds, "version": version("lm_eval")}))
