"""Models under test; importing this package registers them all and loads no model code.

They stand beside the judges because they share what runs a checkpoint (``engine``, ``backends``,
``pictures``); tasks know neither.
"""

from . import chat, diffusion, folder, official_results

__all__ = ["chat", "diffusion", "folder", "official_results"]
