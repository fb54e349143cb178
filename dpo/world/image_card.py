"""The card of a generator of pictures, and its sheet of samples."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ...tasks.shapes.captioned import captioned_scene
from .generator_card import generator_card
from .generator_settings import SIDE
from .image_model import drawn
from .image_settings import ImageSettings

_ROWS, _COLUMNS = 12, 6
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
    seen: Sequence[Mapping[str, float]],
    learnt: Sequence[Mapping[str, float]],
) -> str:
    """The card as Markdown.

    Args:
        settings: the training's.
        name: of the model.
        seen: the autoencoder's curve.
        learnt: the denoiser's.
    """
    how = settings.sampling
    return generator_card(
        settings,
        name=name,
        task="text-to-image",
        about=f"""\
Draws pictures of the shapes world ({SIDE} x {SIDE} pixels) from captions that speak of up to
{settings.most_things} things. Trained from nothing by `unieval shapes-model image`; made to be
aligned, not to be good.""",
        use=f"""how = {{"num_inference_steps": {how.steps}, "guidance_scale": {how.guidance}}}
pipe("A red circle above a blue star.", **how)""",
        seen=seen,
        learnt=learnt,
    )
