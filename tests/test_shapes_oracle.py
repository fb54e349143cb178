"""Truth in files, and the oracle that reads it."""

import io
import json
import subprocess
import sys
import zlib
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from unieval.harness.errors import MediaError
from unieval.harness.items import (
    FOUR_WAY,
    THREE_WAY,
    TWO_WAY,
    Media,
    Order,
    PairItem,
    Request,
    Status,
    Verdict,
)
from unieval.harness.parsing import Asked, get_grammar
from unieval.harness.truth import Truth, answer_key, read_truth, with_truth
from unieval.judges.oracle import Oracle
from unieval.tasks.shapes.asked import film_answers, picture_answers
from unieval.tasks.shapes.dice import Dice
from unieval.tasks.shapes.draw import encode
from unieval.tasks.shapes.films import Film, unlike_film_pairs
from unieval.tasks.shapes.labels import DIMENSIONS, GOOD_LEVEL, TIE_THRESHOLD
from unieval.tasks.shapes.mp4 import encode_film
from unieval.tasks.shapes.pictures import picture_pairs


def request(
    item: PairItem,
    *,
    choices: tuple[Verdict, ...] = FOUR_WAY,
    seed: int = 0,
    order: Order = "ab",
) -> Request:
    return Request("some-task", item, order, 0, seed, choices)


def pair_item(*candidates: Media, prompt: str = "A red circle.") -> PairItem:
    return PairItem("0", "image", "generation", prompt, candidates, Verdict.FIRST)


def picture(candidate) -> Media:
    return Media.embedded("image", with_truth(encode(candidate.pixels()), candidate.truth()))


def video(film: Film, *, dimensions: bool) -> Media:
    truth = film.truth(dimensions=dimensions)
    return Media.embedded("video", encode_film(film.pixels(), 8, truth))


def plain_png() -> bytes:
    return encode(np.zeros((8, 8, 3), dtype=np.uint8))


def scored(score: float | None, **changes: object) -> Media:
    truth = replace(Truth("A red circle.", score, (), 0.07, 0.75), **changes)
    return Media.embedded("image", with_truth(plain_png(), truth))


def expected(first: float, second: float) -> Verdict:
    if abs(first - second) < TIE_THRESHOLD:
        return Verdict.BOTH_GOOD if (first + second) / 2 >= GOOD_LEVEL else Verdict.BOTH_BAD
    return Verdict.FIRST if first > second else Verdict.SECOND


def test_the_oracle_equals_the_direct_computation() -> None:
    pairs = list(picture_pairs(60, seed=2))
    items = [pair_item(*map(picture, p.candidates), prompt=p.prompt) for p in pairs]
    direct = [expected(*(x.score for x in p.candidates)) for p in pairs]
    answers = [Verdict(o.text) for o in Oracle().judge([request(item) for item in items])]
    assert answers == direct
    swapped = Oracle().judge([request(item, order="ba") for item in items])
    assert [Verdict(o.text).swapped for o in swapped] == direct
    coarse = Oracle().judge([request(item, choices=THREE_WAY) for item in items])
    assert [Verdict(o.text) for o in coarse] == [verdict.coarse for verdict in direct]


def test_the_truth_tells_the_faults() -> None:
    for pair in picture_pairs(60, seed=2):
        for candidate in pair.candidates:
            truth = read_truth(picture(candidate))
            assert truth is not None
            assert truth.prompt == candidate.caption.text
            assert truth.score == candidate.score
            assert [f["kind"] for f in truth.faults] == [
                *(wrong.slip for wrong in candidate.slips),
                *([candidate.flaw] if candidate.flaw else []),
            ]


def test_the_truth_is_a_valid_text_chunk_and_leaves_the_pixels_alone() -> None:
    candidate = next(picture_pairs(1)).candidates[0]
    with Image.open(io.BytesIO(picture(candidate).data or b"")) as image:
        image.load()
        assert json.loads(image.text["unieval-truth"])["prompt"] == candidate.caption.text
        assert (np.asarray(image) == candidate.pixels()).all()


def test_forced_choices() -> None:
    def answer(a: float, b: float, choices: tuple[Verdict, ...], seed: int = 0) -> Verdict:
        asked = request(pair_item(scored(a), scored(b)), choices=choices, seed=seed)
        return Verdict(Oracle().judge([asked])[0].text)

    assert answer(0.9, 0.88, FOUR_WAY) is Verdict.BOTH_GOOD
    assert answer(0.5, 0.52, FOUR_WAY) is Verdict.BOTH_BAD
    assert answer(0.9, 0.88, THREE_WAY) is Verdict.TIE
    assert answer(0.9, 0.88, TWO_WAY) is Verdict.FIRST
    assert answer(0.88, 0.9, TWO_WAY) is Verdict.SECOND
    assert {answer(0.9, 0.9, TWO_WAY, seed) for seed in range(4)} == {Verdict.FIRST, Verdict.SECOND}
    assert answer(0.9, 0.5, FOUR_WAY) is Verdict.FIRST


def test_a_verdict_for_each_dimension() -> None:
    read = get_grammar(Oracle().grammar)
    for pair in unlike_film_pairs(12):
        shown = tuple(video(film, dimensions=True) for film in pair.candidates)
        item = PairItem("0", "video", "generation", pair.prompt, shown, pair.dimensions)
        (output,) = Oracle().judge([request(item, choices=THREE_WAY)])
        parsed = read(output.text, Asked("video", "generation", "robust"))
        assert parsed.status is Status.OK
        assert list(parsed.verdict) == list(DIMENSIONS)
        one, other = (film.dimensions for film in pair.candidates)
        for name, verdict in parsed.verdict.items():
            tie = abs(one[name] - other[name]) < DIMENSIONS[name][0]
            better = Verdict.FIRST if one[name] > other[name] else Verdict.SECOND
            assert verdict is (Verdict.TIE if tie else better)


def test_one_verdict_on_films_without_dimensions() -> None:
    for pair in unlike_film_pairs(6):
        shown = tuple(video(film, dimensions=False) for film in pair.candidates)
        item = PairItem("0", "video", "generation", pair.prompt, shown, pair.label)
        (output,) = Oracle().judge([request(item)])
        assert output.text == expected(*(film.score for film in pair.candidates))


@pytest.mark.parametrize("modality", ["image", "video"])
def test_answers(modality: str) -> None:
    for number in range(20):
        dice = Dice("oracle", number)
        if modality == "image":
            pair = picture_answers("wildvision-battle", dice)
            png = with_truth(encode(pair.subject.pixels()), pair.known())
            context = Media.embedded("image", png)
        else:
            pair = film_answers(dice)
            content = encode_film(pair.subject.pixels(), 8, pair.known())
            context = Media.embedded("video", content)
        texts = tuple(answer.text for answer in pair.answers)
        item = PairItem(
            "0", modality, "understanding", pair.question, texts, pair.label, (context,)
        )
        first, second = (answer.score for answer in pair.answers)
        for order in ("ab", "ba"):
            (output,) = Oracle().judge([request(item, choices=TWO_WAY, order=order)])
            assert output.text == ("first" if (first > second) == (order == "ab") else "second")
        other = replace(item, candidates=(texts[0], "Something else."))
        assert "does not know" in Oracle().judge([request(other)])[0].failure[1]
        assert "no truth" in Oracle().judge([request(replace(item, context=()))])[0].failure[1]


def test_the_grammar_reads_words_and_objects_and_nothing_else() -> None:
    read, asked = get_grammar("oracle"), Asked("video", "generation", "robust")
    assert read("both_bad", asked).verdict is Verdict.BOTH_BAD
    found = read('{"VQ": "first", "TA": "tie"}', asked)
    assert found.verdict == {"VQ": Verdict.FIRST, "TA": Verdict.TIE}
    for text in ("", "A", '{"VQ": "A"}', '{"VQ": 1}', '{"VQ"', "[]", "{}x"):
        assert read(text, asked).status is Status.UNPARSED


def test_truth_survives_the_way_to_a_file_and_back() -> None:
    whole = Truth(
        "Zwei Kreise – ☺.",
        0.5,
        ({"kind": "blur", "severity": 2},),
        0.07,
        0.75,
        {"VQ": (0.4, 0.15)},
        {answer_key("Yes."): 1.0},
    )
    for truth in (whole, Truth("A question?", answers={"ab": 0.0}), Truth("?", 0.0)):
        media = Media.embedded("image", with_truth(plain_png(), truth))
        assert read_truth(media) == truth


def test_files_are_read_from_paths_too(tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    path.write_bytes(scored(0.4).data or b"")
    item = pair_item(Media("image", str(path)), scored(0.9))
    assert Oracle().judge([request(item)])[0].text == "second"


def jpeg() -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", (8, 8)).save(buffer, "JPEG")
    return buffer.getvalue()


def test_one_file_without_truth_fails_alone(tmp_path: Path) -> None:
    good = scored(0.9)
    damaged = Media.embedded("image", (good.data or b"")[:60])
    flipped = Media.embedded("image", (good.data or b"").replace(b"0.9", b"0.8"))
    bad = {
        "only knows the pictures and videos of the shapes world; use --data demo": [
            Media.embedded("image", plain_png()),
            Media.embedded("image", jpeg()),
            Media.embedded("image", b""),
        ],
        "No such file": [Media("image", str(tmp_path / "gone.png"))],
        "damaged PNG": [damaged, flipped],
        "made for another prompt": [scored(0.9, prompt="A blue star.")],
        "cannot be read": [scored(float("nan"))],
        "holds no score": [scored(None)],
    }
    for message, pictures in bad.items():
        for broken in pictures:
            batch = [request(pair_item(good, broken)), request(pair_item(good, scored(0.1)))]
            failed, fine = Oracle().judge(batch)
            assert failed.failure is not None
            assert failed.failure[0] is Status.MEDIA_FAILED
            assert message in failed.failure[1]
            assert fine.text == "first"
    half = scored(0.9, dimensions={"VQ": (1.0, 0.1)})
    failed = Oracle().judge([request(pair_item(half, good))])[0]
    assert "different dimensions" in failed.failure[1]


def test_a_chunk_of_something_else_cannot_be_read() -> None:
    texts = (
        *(b"[]", b"{}", b'{"prompt": "", "score": "x"}', b"\xff"),
        *(b'{"prompt": "", "dimensions": {"VQ": 1}}', b'{"prompt": "", "answers": {"a": null}}'),
    )
    for text in texts:
        body = b"tEXtunieval-truth\0" + text
        chunk = (len(body) - 4).to_bytes(4, "big") + body + zlib.crc32(body).to_bytes(4, "big")
        png = plain_png()
        with pytest.raises(MediaError, match="cannot be read"):
            read_truth(Media.embedded("image", png[:33] + chunk + png[33:]))


def test_the_oracle_imports_no_imaging_library() -> None:
    code = (
        "import sys, unieval.judges.oracle;"
        "print(sorted({'PIL', 'numpy', 'pyarrow', 'torch', 'av'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
