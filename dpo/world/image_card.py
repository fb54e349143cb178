"""The card of a generator of pictures, and its sheet of samples."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from .captioned import captioned_scene
from .image_model import SIDE, drawn
from .image_settings import ImageSettings

_ROWS, _COLUMNS = 12, 6
_LAST = 100
"""Steps that the figures at the end are averaged over."""
_TEXT_WIDTH = 330
_MARGIN = 4


def sheet(pipe: Any, settings: ImageSettings) -> Any:
    """Captions of the test part, each with pictures of it from noise of different seeds.

    Returns:
        A PIL image.
    """
    import textwrap

    from PIL import Image, ImageDraw

    captions = [
        captioned_scene("test", settings.seed, number, settings.most_things)[1].text
        for number in range(_ROWS)
    ]
    each = [caption for caption in captions for _ in range(_COLUMNS)]
    made = drawn(pipe, each, settings)
    step = SIDE + _MARGIN
    page = Image.new("RGB", (_TEXT_WIDTH + _COLUMNS * step, _ROWS * step + _MARGIN), "white")
    pen = ImageDraw.Draw(page)
    for row, caption in enumerate(captions):
        lines = "\n".join(textwrap.wrap(caption, 50))
        pen.multiline_text((_MARGIN, _MARGIN + row * step + 10), lines, fill="black", spacing=2)
        for column in range(_COLUMNS):
            picture = made[row * _COLUMNS + column]
            page.paste(picture, (_TEXT_WIDTH + column * step, _MARGIN + row * step))
    return page


def card(
    settings: ImageSettings,
    name: str,
    seen: Sequence[dict[str, float]],
    learnt: Sequence[dict[str, float]],
) -> str:
    """The card as Markdown.

    Args:
        settings: the training's.
        name: of the model.
        seen: the autoencoder's curve.
        learnt: the denoiser's.
    """
    import yaml

    how = settings.sampling
    written = yaml.safe_dump(settings.model_dump(mode="json"), sort_keys=False)
    return f"""---
library_name: diffusers
pipeline_tag: text-to-image
---

# {name}

Draws pictures of the shapes world ({SIDE} x {SIDE} pixels) from captions that speak of up to
{settings.most_things} things. Trained from nothing by `unieval shapes-model image`; made to be
aligned, not to be good.

```python
from diffusers import DiffusionPipeline
pipe = DiffusionPipeline.from_pretrained("{name}")
how = {{"num_inference_steps": {how.steps}, "guidance_scale": {how.guidance}}}
pipe("A red circle above a blue star.", **how)
```

Each row is a caption that is no part of what it has learnt from, in any words:

![samples](samples.png)

Loss over the last steps: {_mean(seen):.4f} of the autoencoder, {_mean(learnt):.4f} of the denoiser,
which is drawn in `curves.png`.

```yaml
{written}```
"""


def _mean(curve: Sequence[dict[str, float]]) -> float:
    last = curve[-_LAST:]
    return sum(point["loss"] for point in last) / len(last)
