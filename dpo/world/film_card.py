"""The card of a generator of films, and its sheet of samples."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ...tasks.shapes.motion import FRAMES
from .film_data import SIDE, captioned_film
from .film_model import films_of
from .film_settings import FilmSettings

_ROWS = 12
_LAST = 100
"""Steps that the figures at the end are averaged over."""
_MARGIN, _LINE = 4, 16


def film_sheet(pipe: Any, settings: FilmSettings) -> Any:
    """Captions of the test part, each above a film of it, frame beside frame.

    Returns:
        A PIL image.
    """
    from PIL import Image, ImageDraw

    captions = [
        captioned_film("test", settings.seed, number, settings.most_things)[1].text
        for number in range(_ROWS)
    ]
    made = films_of(pipe, captions, settings)
    across, down = SIDE + _MARGIN, SIDE + _LINE + _MARGIN
    page = Image.new("RGB", (FRAMES * across + _MARGIN, _ROWS * down + _MARGIN), "white")
    pen = ImageDraw.Draw(page)
    for row, (caption, film) in enumerate(zip(captions, made, strict=True)):
        top = _MARGIN + row * down
        pen.text((_MARGIN, top), caption, fill="black")
        for column, frame in enumerate(film):
            page.paste(Image.fromarray(frame), (_MARGIN + column * across, top + _LINE))
    return page


def film_card(
    settings: FilmSettings,
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
pipeline_tag: text-to-video
---

# {name}

Makes films of the shapes world ({FRAMES} frames of {SIDE} x {SIDE} pixels) from captions that speak
of how things move, at most {settings.most_things} in a film. Trained from nothing by
`unieval shapes-model video`; made to be aligned, not to be good.

```python
from diffusers import DiffusionPipeline
pipe = DiffusionPipeline.from_pretrained("{name}")
pipe("A red circle moves up.", num_frames={FRAMES}, num_inference_steps={how.steps},
     guidance_scale={how.guidance})
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
