"""The answer formats of public judges, as grammars.

``verdicts``: phrases and bracketed verdicts. ``scores``: numbers after labels. ``objects``: JSON.
The UnifiedReward formats are those of its checkpoints (CodeGoat24/UnifiedReward, commit ff6f520).
Each reads a text in time that grows with its length and not faster, whatever the text.
"""

from . import objects, scores, verdicts

__all__ = ["objects", "scores", "verdicts"]
