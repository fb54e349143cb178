"""What the cards of the generators have in common."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from .generator_settings import GeneratorSettings

_LAST = 100
"""Steps that the figures at the end are averaged over."""


def generator_card(
    settings: GeneratorSettings,
    *,
    name: str,
    task: str,
    about: str,
    use: str,
    seen: Sequence[Mapping[str, float]],
    learnt: Sequence[Mapping[str, float]],
) -> str:
    """A card as Markdown.

    Args:
        settings: the training's.
        name: of the model.
        task: the hub's word for what it does.
        about: what it makes of what, as a paragraph.
        use: Python that makes something with ``pipe``.
        seen: the autoencoder's curve.
        learnt: the denoiser's.
    """
    import yaml

    written = yaml.safe_dump(settings.model_dump(mode="json"), sort_keys=False)
    return f"""---
library_name: diffusers
pipeline_tag: {task}
---

# {name}

{about}

```python
from diffusers import DiffusionPipeline
pipe = DiffusionPipeline.from_pretrained("{name}")
{use}
```

Each row is a caption that is no part of what it has learnt from, in any words:

![samples](samples.png)

Loss over the last steps: {_mean(seen):.4f} of the autoencoder, {_mean(learnt):.4f} of the denoiser,
which is drawn in `curves.png`.

```yaml
{written}```
"""


def _mean(curve: Sequence[Mapping[str, float]]) -> float:
    last = curve[-_LAST:]
    return sum(point["loss"] for point in last) / len(last)
