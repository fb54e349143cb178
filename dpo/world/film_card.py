"""The card of a generator of films, and its sheet of samples."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ...tasks.shapes.motion import FRAMES
from .film_data import captioned_film
from .film_model import films_of
from .film_settings import FilmSettings
from .generator_card import generator_card
from .generator_settings import SIDE

_ROWS = 12
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
        task="text-to-video",
        about=f"""\
Makes films of the shapes world ({FRAMES} frames of {SIDE} x {SIDE} pixels) from captions that speak
of how things move, at most {settings.most_things} in a film. Trained from nothing by
`unieval shapes-model video`; made to be aligned, not to be good.""",
        use=f"""pipe("A red circle moves up.", num_frames={FRAMES}, num_inference_steps={how.steps},
     guidance_scale={how.guidance})""",
        seen=seen,
        learnt=learnt,
    )
