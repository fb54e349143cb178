"""The shapes world: drawing, captions, faults, labels, demo data, and the oracle."""

import doctest
import io
import json
import re
import subprocess
import sys
import zlib
from collections import Counter
from dataclasses import replace
from hashlib import sha256
from itertools import product
from pathlib import Path
from typing import get_args

import numpy as np
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
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
from unieval.harness.truth import Truth, read_truth, with_truth
from unieval.judges.oracle import Oracle
from unieval.tasks.shapes import caption as caption_module
from unieval.tasks.shapes import scene as scene_module
from unieval.tasks.shapes.caption import caption
from unieval.tasks.shapes.demo import WORLD_VERSION, write_genai_bench_image
from unieval.tasks.shapes.dice import Dice
from unieval.tasks.shapes.draw import draw, encode
from unieval.tasks.shapes.faults import Slip, any_slip, slip
from unieval.tasks.shapes.labels import GOOD_LEVEL, TIE_THRESHOLD, human_label, latent_score
from unieval.tasks.shapes.pairs import MODELS, image_pairs
from unieval.tasks.shapes.quality import FLAWS, degrade
from unieval.tasks.shapes.scene import (
    CELL,
    COLOURS,
    JITTER,
    SHAPES,
    SIZES,
    UNITS,
    Scene,
    Thing,
    generate,
    is_free,
    placed,
    rearranged,
)

FILE = Path("image_generation/test_v1-00000-of-00001.parquet")
VOTES = {
    "leftvote": Verdict.FIRST,
    "rightvote": Verdict.SECOND,
    "tievote": Verdict.BOTH_GOOD,
    "bothbad_vote": Verdict.BOTH_BAD,
}
seeds = st.integers(0, 2**40)


# An independent reading of captions: from the English alone to what must be true.

NUMBERS = {"a": 1, "one": 1, "two": 2, "three": 3, "four": 4, "five": 5}
SIZE_WORDS = {"small": "small", "little": "small", "large": "large", "big": "large"}
NOUN = rf"(?:({'|'.join(SIZE_WORDS)}) )?({'|'.join(COLOURS)}) ({'|'.join(SHAPES)})s?"
MENTION = re.compile(rf"\b({'|'.join(NUMBERS)}) {NOUN}\b")
WHERE = r"(?:is )?(?:to the )?(left of|right of|above|below|under)"
RELATED = re.compile(rf"\b(?:a|one|the) {NOUN} {WHERE} (?:a|one|the) {NOUN}\b")


def alike(scene: Scene, size: str | None, colour: str, shape: str) -> list[Thing]:
    return [
        t
        for t in scene.things
        if (t.colour, t.shape) == (colour, shape) and (not size or t.size == SIZE_WORDS[size])
    ]


def read_relation(scene: Scene, words: tuple[str, ...]) -> bool:
    one, other = alike(scene, None, *words[1:3]), alike(scene, None, *words[5:7])
    if len(one) != 1 or len(other) != 1:
        return False
    dx, dy = one[0].x - other[0].x, one[0].y - other[0].y
    along = {"left of": -dx, "right of": dx, "above": -dy, "below": dy, "under": dy}[words[3]]
    return along * 8 >= UNITS


def read_claims(text: str, scene: Scene) -> list[bool]:
    """Whether each claim of the text is true of the scene, by string matching alone."""
    text = text.lower()
    claims = []
    for number, size, colour, shape in MENTION.findall(text):
        claims.append(len(alike(scene, None, colour, shape)) == NUMBERS[number])
        if size:
            claims.append(len(alike(scene, size, colour, shape)) == NUMBERS[number])
    return claims + [read_relation(scene, words) for words in RELATED.findall(text)]


# Scenes and captions


@given(seeds)
def test_captions_are_true_and_mention_everything(seed: int) -> None:
    scene = generate(Dice(seed))
    said = caption(scene)
    claims = read_claims(said.text, scene)
    assert 1 <= len(scene.things) <= 5
    assert all(claims)
    assert len(claims) == len(said.facts) == len(set(said.facts))
    assert not said.broken(scene)
    mentioned = sum(NUMBERS[m[0]] for m in MENTION.findall(said.text.lower()))
    assert mentioned == len(scene.things)
    assert caption(scene) == said


def test_captions_vary_and_cover_the_vocabulary() -> None:
    captions = [caption(generate(Dice(seed))) for seed in range(600)]
    words = set(re.findall(r"[a-z]+", " ".join(c.text.lower() for c in captions)))
    assert words > {*COLOURS, *SIZE_WORDS, "left", "right", "above", "below", "under", "three"}
    assert words > set(SHAPES) | {f"{shape}s" for shape in SHAPES}
    related = [c for c in captions if RELATED.search(c.text.lower())]
    assert 0.2 < len(related) / len(captions) < 0.5
    assert len({c.text for c in captions}) > 500


@given(seeds)
def test_scenes_draw_without_overlap(seed: int) -> None:
    """Each thing looks exactly as it does alone, so none hides another."""
    dice = Dice(seed)
    scene = generate(dice)
    if wrong := any_slip(scene, caption(scene), dice):
        scene = wrong.scene
    whole, empty = draw(scene), draw(replace(scene, things=()))
    seen = np.zeros(whole.shape[:2], dtype=int)
    for thing in scene.things:
        alone = draw(replace(scene, things=(thing,)))
        touched = (alone != empty).any(axis=-1)
        assert (whole[touched] == alone[touched]).all()
        assert touched.sum() > 0.3 * (2 * thing.radius * 64 / UNITS) ** 2
        seen += touched
    assert seen.max(initial=0) <= 1
    assert ((whole != empty).any(axis=-1) == seen).all()


def test_a_thing_can_be_placed_among_the_most_obstructive_neighbours() -> None:
    outward = CELL // 2 + JITTER
    inner = [
        Thing("circle", "red", "large", UNITS // 2 + x * outward, UNITS // 2 + y * outward)
        for x, y in product((-1, 1), (-1, 1))
    ]
    sixth = placed(Thing("star", "blue", "large", 0, 0), inner, Dice(0))
    assert is_free(sixth, inner)


def test_docstring_examples_hold() -> None:
    known = {"Dice": Dice, "generate": generate}
    for module in (scene_module, caption_module):
        assert doctest.testmod(module, extraglobs=known).failed == 0


# Drawing


def everything() -> Scene:
    things: list[Thing] = []
    dice = Dice("every kind")
    for shape, colour, size in zip(SHAPES, COLOURS, SIZES * 2, strict=False):
        things.append(placed(Thing(shape, colour, size, 0, 0), things, dice))
    return Scene(tuple(things), 30)


def digest(*arrays: np.ndarray) -> str:
    return sha256(b"".join(a.tobytes() for a in arrays)).hexdigest()[:16]


def test_pixels_are_pinned() -> None:
    """If this changes, every cached demo set is stale: raise WORLD_VERSION with the hashes."""
    scene = everything()
    clean = draw(scene)
    flawed = [degrade(clean, flaw, s, seed=s + 1) for flaw in FLAWS for s in (1, 2, 3)]
    pictures = [p.pixels() for pair in image_pairs(30) for p in pair.pictures]
    words = [f"{pair.prompt}|{pair.label}|{pair.models}" for pair in image_pairs(30)]
    assert (clean.shape, clean.dtype) == ((64, 64, 3), np.uint8)
    assert digest(clean, draw(scene, 100)) == "33007f3af8ba7a6b"
    assert digest(*flawed) == "563b213e5e9419ae"
    assert digest(*pictures) == "b82f38e5e1ca1b05"
    assert sha256("\n".join(words).encode()).hexdigest()[:16] == "0ff8056bbf2198c3"
    assert WORLD_VERSION == 1


def test_shapes_are_where_and_as_large_as_they_should_be() -> None:
    """Areas against geometry: a circle of 240/256 of the radius, a square of 424/256 a side."""
    for size, side in product(SIZES, (64, 256)):
        thing = Thing("circle", "white", size, 500, 540)
        cover = (draw(Scene((thing,), 0), side).astype(int).sum(axis=-1) > 300).sum()
        radius = thing.radius * side / UNITS
        assert cover == pytest.approx(np.pi * (radius * 240 / 256) ** 2, rel=0.08)
        square = replace(thing, shape="square")
        mask = draw(Scene((square,), 0), side).astype(int).sum(axis=-1) > 300
        assert mask.sum() == pytest.approx((radius * 424 / 256) ** 2, rel=0.15)
        rows, columns = np.nonzero(mask)
        assert columns.mean() == pytest.approx(500 * side / UNITS, abs=1)
        assert rows.mean() == pytest.approx(540 * side / UNITS, abs=1)


@pytest.mark.parametrize("flaw", FLAWS)
@pytest.mark.parametrize("side", [64, 100, 128])
def test_flaws_grow_with_severity_and_keep_the_original(flaw: str, side: int) -> None:
    clean = draw(everything(), side)
    before = clean.copy()
    worse = [degrade(clean, flaw, severity, seed=5) for severity in (1, 2, 3)]
    error = [float(np.abs(w.astype(int) - clean).mean()) for w in worse]
    assert 0.3 < error[0] < error[1] < error[2]
    assert all(w.shape == clean.shape and w.dtype == np.uint8 for w in worse)
    assert (clean == before).all()


def test_noise_and_tint_depend_on_the_seed() -> None:
    clean = draw(everything())
    for flaw in ("noise", "cast"):
        assert (degrade(clean, flaw, 2, 1) == degrade(clean, flaw, 2, 1)).all()
        assert (degrade(clean, flaw, 2, 1) != degrade(clean, flaw, 2, 2)).any()


# Faults


@given(seeds, st.sampled_from(get_args(Slip)))
@settings(max_examples=300)
def test_slips_break_exactly_the_facts_they_state(seed: int, kind: Slip) -> None:
    dice = Dice(seed)
    scene = generate(dice)
    said = caption(scene)
    wrong = slip(kind, scene, said, dice)
    if wrong is None:
        assert kind in ("size", "relation", "swap", "missing")
        return
    false = read_claims(said.text, wrong.scene).count(False)
    assert wrong.slip == kind
    assert 1 <= len(wrong.broken) == false == len(said.broken(wrong.scene))


@given(seeds)
def test_slips_always_change_the_truth_and_add_up(seed: int) -> None:
    dice = Dice(seed)
    scene = generate(dice)
    said, total = caption(scene), 0
    assert any_slip(scene, said, dice) is not None
    while wrong := any_slip(scene, said, dice):
        scene, total = wrong.scene, total + len(wrong.broken)
        assert read_claims(said.text, scene).count(False) == total > 0
    assert total <= len(said.facts)


def attributes(scene: Scene) -> Counter[tuple[str, str, str]]:
    return Counter((t.shape, t.colour, t.size) for t in scene.things)


def test_each_kind_of_slip_does_what_it_says() -> None:
    found: Counter[str] = Counter()
    for seed, kind in product(range(150), get_args(Slip)):
        dice = Dice(seed)
        scene = generate(dice)
        if (wrong := slip(kind, scene, caption(scene), dice)) is None:
            continue
        found[kind] += 1
        gone = attributes(scene) - attributes(wrong.scene)
        new = attributes(wrong.scene) - attributes(scene)
        removed, added = gone.total(), new.total()
        if kind in ("colour", "shape", "size"):
            assert (removed, added) == (1, 1)
            (before,), (after,) = gone, new
            assert [b != a for b, a in zip(before, after, strict=True)] == [
                kind == "shape",
                kind == "colour",
                kind == "size",
            ]
        elif kind == "missing":
            assert (removed, added) == (1, 0)
        elif kind == "count":
            assert (removed, added) in ((1, 0), (0, 1))
        elif kind == "relation":
            assert (removed, added) == (0, 0)
        else:
            colours = [Counter(t.colour for t in s.things) for s in (scene, wrong.scene)]
            assert colours[0] == colours[1]
    assert set(found) == set(get_args(Slip))


# Labels and pairs


def expected(first: float, second: float) -> Verdict:
    """The verdict on two latent scores without noise."""
    if abs(first - second) < TIE_THRESHOLD:
        return Verdict.BOTH_GOOD if (first + second) / 2 >= GOOD_LEVEL else Verdict.BOTH_BAD
    return Verdict.FIRST if first > second else Verdict.SECOND


def test_latent_scores() -> None:
    assert latent_score(4, 4, 0) == pytest.approx(1.0)
    assert latent_score(3, 4, 0) == pytest.approx(0.825)
    assert latent_score(4, 4, 1) == pytest.approx(0.91)
    assert latent_score(0, 4, 3) == pytest.approx(0.03)


def test_clear_differences_are_labelled_right_and_small_ones_are_ties() -> None:
    dice = Dice("labels")
    assert {human_label(0.9, 0.4, dice) for _ in range(200)} == {Verdict.FIRST}
    assert {human_label(0.3, 0.8, dice) for _ in range(200)} == {Verdict.SECOND}
    equal = Counter(human_label(0.95, 0.95, dice) for _ in range(2000))
    assert equal[Verdict.BOTH_GOOD] > 1600
    assert abs(equal[Verdict.FIRST] - equal[Verdict.SECOND]) < 60
    assert Counter(human_label(0.2, 0.2, dice) for _ in range(2000))[Verdict.BOTH_BAD] > 1600


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_label_rates_and_the_ceiling(seed: int) -> None:
    pairs = list(image_pairs(400, seed=seed))
    labels = Counter(pair.label for pair in pairs)
    ties = labels[Verdict.BOTH_GOOD] + labels[Verdict.BOTH_BAD]
    assert 0.2 < ties / 400 < 0.35
    assert min(labels.values()) > 25
    decided = [p for p in pairs if p.label.coarse is not Verdict.TIE]
    right = [expected(*(x.score for x in p.pictures)) == p.label for p in decided]
    assert 0.9 < np.mean(right) < 0.98


def test_many_pairs_differ_by_one_slip_or_by_a_flaw_alone() -> None:
    pairs = [pair.pictures for pair in image_pairs(400)]
    one_slip = [
        a.severity == b.severity and abs(len(a.slips) - len(b.slips)) == 1 for a, b in pairs
    ]
    flaw_only = [
        a.caption.broken(a.scene) == b.caption.broken(b.scene) and a.severity != b.severity
        for a, b in pairs
    ]
    assert np.mean(one_slip) > 0.25
    assert np.mean(flaw_only) > 0.15


def test_pictures_without_slips_are_true_and_differently_arranged() -> None:
    pairs = list(image_pairs(400, seed=3))
    for pair in pairs:
        for picture in pair.pictures:
            false = read_claims(pair.prompt, picture.scene).count(False)
            assert false == sum(len(wrong.broken) for wrong in picture.slips)
    clean = [p.pictures for p in pairs if not any(x.slips or x.flaw for x in p.pictures)]
    assert len(clean) > 10
    assert all(a.scene != b.scene for a, b in clean)


def test_rearranged_scenes_keep_their_things() -> None:
    scene = generate(Dice(28))
    moved = rearranged(scene, Dice(1))
    assert attributes(moved) == attributes(scene)
    assert moved != scene


def test_prompts_cluster_and_models_vary() -> None:
    pairs = list(image_pairs(400))
    sizes = Counter(Counter(pair.prompt for pair in pairs).values())
    assert 150 < sum(sizes.values()) < 320
    assert sizes[2] > 10
    assert sizes[3] > 3
    assert {name for pair in pairs for name in pair.models} == set(MODELS)
    assert all(pair.models[0] != pair.models[1] for pair in pairs)


def test_sets_are_reproducible_and_differ_by_seed() -> None:
    first = list(image_pairs(40, seed=4))
    assert first == list(image_pairs(40, seed=4))
    assert first[:17] == list(image_pairs(17, seed=4))
    other = list(image_pairs(40, seed=5))
    assert len({p.prompt for p in first} & {p.prompt for p in other}) < 10


# The demo file


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("demo")
    write_genai_bench_image(folder, items=60, seed=2)
    return folder


def test_the_parquet_file_has_the_hubs_columns(demo: Path) -> None:
    table = pq.read_table(demo / FILE)
    assert table.column_names == [
        "prompt",
        "left_image",
        "right_image",
        "left_model",
        "right_model",
        "vote_type",
    ]
    assert str(table.schema.field("left_image").type) == "struct<bytes: binary, path: string>"
    features = json.loads(table.schema.metadata[b"huggingface"])["info"]["features"]
    assert features["right_image"] == {"_type": "Image"}
    assert features["prompt"] == {"dtype": "string", "_type": "Value"}
    assert set(table["vote_type"].to_pylist()) == set(VOTES)


def test_datasets_decodes_the_pictures(demo: Path, tmp_path: Path) -> None:
    datasets = pytest.importorskip("datasets")
    rows = datasets.load_dataset(
        str(demo), data_files=str(FILE), split="train", cache_dir=str(tmp_path)
    )
    assert isinstance(rows.features["left_image"], datasets.Image)
    pairs = list(image_pairs(60, seed=2))
    assert len(rows) == 60
    for row, pair in zip(rows, pairs, strict=True):
        assert row["prompt"] == pair.prompt
        assert (row["left_model"], row["right_model"]) == pair.models
        assert VOTES[row["vote_type"]] == pair.label
        for column, picture in zip(("left_image", "right_image"), pair.pictures, strict=True):
            assert (np.asarray(row[column]) == picture.pixels()).all()


def test_writing_again_gives_the_same_pixels_and_labels(demo: Path, tmp_path: Path) -> None:
    write_genai_bench_image(tmp_path, items=60, seed=2)
    assert pq.read_table(tmp_path / FILE).equals(pq.read_table(demo / FILE))
    write_genai_bench_image(tmp_path, items=60, seed=3)
    assert not pq.read_table(tmp_path / FILE).equals(pq.read_table(demo / FILE))


def test_progress_counts_up(tmp_path: Path) -> None:
    seen: list[tuple[int, int]] = []
    write_genai_bench_image(tmp_path, items=5, progress=lambda *done: seen.append(done))
    assert seen == [(k, 5) for k in range(1, 6)]


def test_a_half_written_file_never_bears_the_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(table: object, path: Path) -> None:
        path.write_bytes(b"half")
        raise OSError("disk full")

    monkeypatch.setattr(pq, "write_table", fail)
    with pytest.raises(OSError, match="disk full"):
        write_genai_bench_image(tmp_path, items=2)
    assert list((tmp_path / FILE).parent.iterdir()) == []


# Truth and the oracle


def request(
    item: PairItem,
    *,
    choices: tuple[Verdict, ...] = FOUR_WAY,
    seed: int = 0,
    order: Order = "ab",
) -> Request:
    return Request("genai-bench-image", item, order, 0, seed, choices)


def pair_item(*candidates: Media, prompt: str = "A red circle.") -> PairItem:
    return PairItem("0", "image", "generation", prompt, candidates, Verdict.FIRST)


def demo_items(folder: Path) -> list[PairItem]:
    return [
        PairItem(
            str(index),
            "image",
            "generation",
            row["prompt"],
            tuple(Media.embedded("image", row[c]["bytes"]) for c in ("left_image", "right_image")),
            VOTES[row["vote_type"]],
        )
        for index, row in enumerate(pq.read_table(folder / FILE).to_pylist())
    ]


def plain_png() -> bytes:
    return encode(np.zeros((8, 8, 3), dtype=np.uint8))


def scored(score: float, **changes: object) -> Media:
    truth = replace(Truth("A red circle.", score, (), 0.07, 0.75), **changes)
    return Media.embedded("image", with_truth(plain_png(), truth))


def test_the_oracle_equals_the_direct_computation(demo: Path) -> None:
    items = demo_items(demo)
    direct = [expected(*(x.score for x in p.pictures)) for p in image_pairs(60, seed=2)]
    answers = [Verdict(o.text) for o in Oracle().judge([request(item) for item in items])]
    assert answers == direct
    swapped = Oracle().judge([request(item, order="ba") for item in items])
    assert [Verdict(o.text).swapped for o in swapped] == direct
    coarse = Oracle().judge([request(item, choices=THREE_WAY) for item in items])
    assert [Verdict(o.text) for o in coarse] == [verdict.coarse for verdict in direct]
    right = np.mean([a == item.label for a, item in zip(answers, items, strict=True)])
    assert 0.8 < right < 1


def test_the_truth_tells_the_faults(demo: Path) -> None:
    pictures = [x for pair in image_pairs(60, seed=2) for x in pair.pictures]
    media = [m for item in demo_items(demo) for m in item.media]
    for picture, file in zip(pictures, media, strict=True):
        truth = read_truth(file)
        assert truth is not None
        assert truth.caption == picture.caption.text
        assert truth.score == picture.score
        assert [f["kind"] for f in truth.faults] == [
            *(wrong.slip for wrong in picture.slips),
            *([picture.flaw] if picture.flaw else []),
        ]


def test_the_truth_is_a_valid_text_chunk_and_leaves_the_pixels_alone() -> None:
    picture = next(image_pairs(1)).pictures[0]
    with Image.open(io.BytesIO(picture.png())) as image:
        image.load()
        assert json.loads(image.text["unieval-truth"])["caption"] == picture.caption.text
        assert (np.asarray(image) == picture.pixels()).all()


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


def test_pictures_are_read_from_paths_too(tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    path.write_bytes(scored(0.4).data or b"")
    item = pair_item(Media("image", str(path)), scored(0.9))
    assert Oracle().judge([request(item)])[0].text == "second"


def jpeg() -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", (8, 8)).save(buffer, "JPEG")
    return buffer.getvalue()


def test_one_picture_without_truth_fails_alone(tmp_path: Path) -> None:
    good = scored(0.9)
    damaged = Media.embedded("image", (good.data or b"")[:60])
    flipped = Media.embedded("image", (good.data or b"").replace(b"0.9", b"0.8"))
    bad = {
        "only knows pictures of the shapes world; use --data demo": [
            Media.embedded("image", plain_png()),
            Media.embedded("image", jpeg()),
            Media.embedded("image", b""),
        ],
        "No such file": [Media("image", str(tmp_path / "gone.png"))],
        "damaged PNG": [damaged, flipped],
        "made for another prompt": [scored(0.9, caption="A blue star.")],
        "cannot be read": [scored(float("nan"))],
    }
    for message, pictures in bad.items():
        for picture in pictures:
            batch = [request(pair_item(good, picture)), request(pair_item(good, scored(0.1)))]
            failed, fine = Oracle().judge(batch)
            assert failed.failure is not None
            assert failed.failure[0] is Status.MEDIA_FAILED
            assert message in failed.failure[1]
            assert fine.text == "first"


def test_a_chunk_of_something_else_cannot_be_read() -> None:
    for text in (b"[]", b"{}", b'{"score": "x"}', b"\xff"):
        body = b"tEXtunieval-truth\0" + text
        chunk = (len(body) - 4).to_bytes(4, "big") + body + zlib.crc32(body).to_bytes(4, "big")
        png = plain_png()
        with pytest.raises(MediaError, match="cannot be read"):
            read_truth(Media.embedded("image", png[:33] + chunk + png[33:]))


def test_the_oracle_imports_no_imaging_library() -> None:
    code = (
        "import sys, unieval.judges.oracle;"
        "print(sorted({'PIL', 'numpy', 'pyarrow', 'torch'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
