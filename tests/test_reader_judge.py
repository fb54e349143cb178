"""The judge that reads the shapes world from its pixels."""

import numpy as np
import pytest
import unieval
from unieval.harness.errors import MediaError, UserError
from unieval.harness.items import Media, PointItem
from unieval.judges.reader import ShapesReader
from unieval.tasks.shapes.draw import encode
from unieval.tasks.shapes.films import film_pairs
from unieval.tasks.shapes.mp4 import encode_film
from unieval.tasks.shapes.pictures import picture_pairs


def point(prompt: str, media: Media, context: tuple[Media, ...] = ()) -> PointItem:
    return PointItem(prompt, media.modality, "generation", prompt, media, context)


def test_it_prefers_what_is_better_in_truth_and_needs_no_truth_in_the_files() -> None:
    pairs = list(picture_pairs(60, seed=9))
    points = [
        point(pair.prompt, Media.embedded("image", encode(candidate.pixels())))
        for pair in pairs
        for candidate in pair.candidates
    ]
    scores = np.array(ShapesReader().score(points)).reshape(-1, 2)
    truth = np.array([[candidate.score for candidate in pair.candidates] for pair in pairs])
    differ = truth[:, 0] != truth[:, 1]
    agree = (scores[:, 0] > scores[:, 1]) == (truth[:, 0] > truth[:, 1])
    assert differ.sum() > 30
    assert agree[differ].mean() >= 0.92


def test_it_reads_films_and_their_parts() -> None:
    films = [film for pair in film_pairs(4, seed=9) for film in pair.candidates]
    points = [
        point(film.caption.text, Media.embedded("video", encode_film(film.pixels(), 8)))
        for film in films
    ]
    parts = [ShapesReader(part=part).score(points) for part in ("alignment", "quality")]
    scores = ShapesReader(batch_size=3).score(points)
    for film, score, alignment, quality in zip(films, scores, *parts, strict=True):
        assert score == pytest.approx(0.5 * alignment + 0.5 * quality)
        assert score == pytest.approx(film.score, abs=0.25)


def test_one_bad_sample_is_an_error_that_names_it() -> None:
    judge = ShapesReader()
    good = next(picture_pairs(1)).candidates[0]
    shown = Media.embedded("image", encode(good.pixels()))
    with pytest.raises(MediaError, match=r"no caption of the shapes world.*a cat"):
        judge.score([point(good.caption.text, shown), point("a cat", shown)])
    with pytest.raises(MediaError, match="does not show in a picture"):
        judge.score([point("A red circle moves up.", shown)])
    small = Media.embedded("image", encode(np.zeros((8, 8, 3), dtype=np.uint8)))
    with pytest.raises(MediaError, match="at least 32"):
        judge.score([point(good.caption.text, small)])
    with pytest.raises(UserError, match="an edit of other media"):
        judge.score([point("Remove the star.", shown, (shown,))])


def test_a_run_with_it(tmp_path) -> None:
    results = unieval.run(
        judge="shapes-reader", task="genai-bench-image", data="demo", limit=12, out=tmp_path / "run"
    )
    found = results["tasks"]["genai-bench-image"]
    assert found["failed"] == 0
    assert found["metrics"]["diff"]["value"] >= 0.7
