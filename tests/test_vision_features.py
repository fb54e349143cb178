"""Media prepared and encoded once: the same tensors and answers, whichever chats show them."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from tiny_checkpoints import picture, save_tiny_qwen2, save_tiny_qwen3
from unieval.harness.errors import UserError
from unieval.judges.backends import families
from unieval.judges.backends.attention import attend_at_once, embed_at_once
from unieval.judges.backends.backend import Reply
from unieval.judges.backends.chats import Chat, Clip, model_inputs, placed
from unieval.judges.backends.inputs import Once, Prepared, content, whole_inputs
from unieval.judges.backends.loading import Loading
from unieval.judges.backends.media import Medium
from unieval.judges.backends.transformers import TransformersModel
from unieval.judges.nano import CHECKPOINT

pytestmark = pytest.mark.usefixtures("one_thread")


@pytest.fixture(scope="module")
def qwen3(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_tiny_qwen3(tmp_path_factory.mktemp("qwen3"))


@pytest.fixture(scope="module")
def qwen2(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_tiny_qwen2(tmp_path_factory.mktemp("qwen2"))


@pytest.fixture(params=["qwen", "qwen2", "qwen3", "llava", "nano"])
def each(request: pytest.FixtureRequest) -> Path:
    """A checkpoint of each architecture in turn."""
    if request.param == "nano":
        return CHECKPOINT
    folder: Path = request.getfixturevalue(request.param)
    return folder


def film(count: int, size: tuple[int, int] = (56, 56), seed: int = 0, fps: float = 2.0) -> Clip:
    return Clip(tuple(picture(*size, 10 * seed + i) for i in range(count)), fps)


RED, NOISE, WIDE = Image.new("RGB", (64, 64), "red"), picture(64, 64, 1), picture(90, 33, 2)
CHATS = [
    Chat((film(4, seed=1), "what happens?"), 1),
    Chat((NOISE, RED, "which?"), 2),
    Chat(("no media at all",), 3),
    Chat((RED, "which?", NOISE, WIDE), 4),
    Chat((WIDE, "only one"), 5),
    Chat(("first ", film(4, (60, 30), seed=2), " then ", NOISE, " which?"), 6),
    Chat((film(4, seed=1, fps=0.7), film(4, (90, 40), seed=4), "two videos"), 7),
    Chat((picture(100, 20, 3).convert("L"), NOISE, "grey"), 8),
]
DISTINCT = 7  # of images and clips; what is a chat's only image is another medium to LLaVA


def backend(folder: Path, **options: Any) -> TransformersModel:
    return TransformersModel(str(folder), device="cpu", **options)


def ask(model: TransformersModel, chats: list[Chat], **options: Any) -> list[Reply]:
    return model.generate([model.prepare(chat) for chat in chats], **options)


def features(model: TransformersModel) -> Any:
    found = model.load().features
    assert found is not None
    return found


# --- the tensors ---------------------------------------------------------------------------------


@pytest.mark.parametrize("order", [1, -1])
def test_a_batch_equals_what_the_processor_makes_of_it(each: Path, order: int) -> None:
    model = backend(each)
    for chats in (CHATS[::order], CHATS[1:5], CHATS[2:3], CHATS[4:5], CHATS[:1]):
        ours = whole_inputs(model.preparation, [model.prepare(chat) for chat in chats])
        theirs = model_inputs(model.preparation.processor, chats)
        assert sorted(ours) == sorted(theirs)
        for name, tensor in theirs.items():
            assert ours[name].dtype == tensor.dtype, name
            assert torch.equal(ours[name], tensor), name


def test_odd_numbers_of_frames(qwen: Path, qwen3: Path) -> None:
    chats = [Chat((film(3, seed=1), "?")), Chat((film(1), picture(56, 56), film(6), "?"))]
    for folder in (qwen, qwen3):
        model = backend(folder)
        ours = whole_inputs(model.preparation, [model.prepare(chat) for chat in chats])
        theirs = model_inputs(model.preparation.processor, chats)
        assert all(torch.equal(ours[name], tensor) for name, tensor in theirs.items())


def test_the_size_is_the_number_of_tokens(each: Path) -> None:
    model = backend(each)
    lengths = model_inputs(model.preparation.processor, CHATS)["attention_mask"].sum(dim=1)
    assert [model.size(model.prepare(chat)) for chat in CHATS] == lengths.tolist()


def test_preparing_loads_no_weights(qwen: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Loading, "model", None)
    model = backend(qwen)
    assert model.size(model.prepare(CHATS[0])) > 10


def test_what_a_picture_contains() -> None:
    image = picture(20, 10)
    assert content(image) == content(image.copy())
    assert content(image) != content(picture(10, 20))
    assert content(image) != content(image.convert("L"))
    assert content(image) != content(image, image)
    palette = image.convert("P", palette=Image.Palette.ADAPTIVE, colors=4)
    other = palette.copy()
    other.putpalette([255 - value for value in palette.getpalette() or []])
    assert np.array_equal(np.asarray(palette), np.asarray(other))
    assert content(palette) != content(other)
    changed = image.copy()
    changed.putpixel((0, 0), (1, 2, 3))
    assert content(image) != content(changed)


# --- once each -----------------------------------------------------------------------------------


def counted(model: TransformersModel, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What a model's image processor and video processor are called for, from now on."""
    family = model.preparation.family
    assert family is not None
    seen: list[str] = []

    def image(self: Any, *given: Any) -> Any:
        seen.append("image")
        return before[0](self, *given)

    def clip(self: Any, *given: Any) -> Any:
        seen.append("clip")
        return before[1](self, *given)

    kind: Any = type(family)
    before = kind.image, kind.clip
    monkeypatch.setattr(kind, "image", image)
    monkeypatch.setattr(kind, "clip", clip)
    return seen


def test_each_medium_is_prepared_once(each: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    model = backend(each)
    seen = counted(model, monkeypatch)
    with ThreadPoolExecutor(8) as pool:
        prepared = list(pool.map(model.prepare, CHATS * 4))
    tiled = 1 if "llava" in str(each) else 0  # NOISE and WIDE among others and alone
    assert sorted(seen) == ["clip"] * 3 + ["image"] * (4 + 2 * tiled)
    assert [p.tokens for p in prepared[: len(CHATS)]] == [p.tokens for p in prepared[-8:]]


def test_each_medium_is_encoded_once(each: Path) -> None:
    model = backend(each)
    assert model.encoded == 0
    for _ in range(2):
        for start in range(0, len(CHATS), 3):
            ask(model, CHATS[start : start + 3], max_new_tokens=2)
    tiled = 2 if "llava" in str(each) else 0
    assert model.encoded == DISTINCT + tiled
    copies = [Chat((NOISE.copy(), RED.copy(), "another question"))]
    ask(model, copies, max_new_tokens=2)
    assert model.encoded == DISTINCT + tiled
    model.close()
    assert model.encoded == 0
    ask(model, copies, max_new_tokens=1)
    assert model.encoded == 2


def test_new_media_of_a_batch_are_encoded_together(each: Path) -> None:
    model = backend(each)
    ask(model, CHATS, max_new_tokens=1)
    assert features(model).calls == 1
    ask(model, CHATS[2:3], max_new_tokens=1)
    assert features(model).calls == 1


def test_two_threads_wait_for_one() -> None:
    made: list[str] = []
    began, go_on = threading.Event(), threading.Event()

    def slow() -> Medium:
        made.append("made")
        began.set()
        assert go_on.wait(10)
        return Medium(b"a", "image", {"x": torch.zeros(3)})

    once = Once(1000)
    with ThreadPoolExecutor(2) as pool:
        first = pool.submit(once, b"a", slow)
        assert began.wait(10)
        second = pool.submit(once, b"a", slow)
        go_on.set()
        assert first.result() is second.result()
    assert made == ["made"]


def test_what_fails_is_not_remembered() -> None:
    def broken() -> Medium:
        raise ValueError("no picture")

    once = Once(1000)
    with pytest.raises(ValueError, match="no picture"):
        once(b"a", broken)
    whole = Medium(b"a", "image", {"x": torch.zeros(3)})
    assert once(b"a", lambda: whole) is whole


def test_prepared_media_are_forgotten_beyond_the_bound() -> None:
    once = Once(100)
    made: list[int] = []

    def make(number: int) -> Medium:
        made.append(number)
        return Medium(bytes([number]), "image", {"x": torch.zeros(10)})  # 40 bytes

    for number in (1, 2, 1, 3, 1, 2):
        once(bytes([number]), lambda number=number: make(number))  # type: ignore[misc]
    assert made == [1, 2, 3, 2]
    once(b"large", lambda: Medium(b"large", "image", {"x": torch.zeros(1000)}))
    assert once(b"large", lambda: make(9)).bytes == 4000  # the last one is always kept
    once(bytes([1]), lambda: make(1))
    assert made[-1] == 1
    assert once._bytes == 40


def test_features_are_forgotten_beyond_the_bound(each: Path) -> None:
    whole = backend(each)
    expected = ask(whole, CHATS, max_new_tokens=4)
    one = max(each.bytes for each in features(whole)._kept.values())
    small, none = backend(each, features=2 * one), backend(each, features=0)
    for model in (small, none):
        assert ask(model, CHATS, max_new_tokens=4) == expected  # although not all fit
        assert [ask(model, [chat], max_new_tokens=4)[0] for chat in CHATS] == expected
        kept = features(model)
        assert kept._bytes == sum(each.bytes for each in kept._kept.values())
        assert model.encoded > whole.encoded
    assert 0 < features(small)._bytes <= 2 * one
    assert not features(none)._kept


# --- the answers ---------------------------------------------------------------------------------


def plain(model: TransformersModel, chats: list[Chat], limit: int) -> list[str]:
    """Answers by transformers' own code alone."""
    loaded = model.load()
    inputs = placed(model_inputs(loaded.processor, chats), loaded.model)
    with torch.inference_mode():
        tokens = loaded.model.generate(**inputs, max_new_tokens=limit)
    written: list[str] = loaded.processor.tokenizer.batch_decode(
        tokens[:, inputs["input_ids"].shape[1] :], skip_special_tokens=True
    )
    return written


def test_answers_are_those_of_the_model_s_own_generate(each: Path) -> None:
    model = backend(each)
    ours = [reply.text for reply in ask(model, CHATS, max_new_tokens=6)]
    assert ours == [plain(model, [chat], 6)[0] for chat in CHATS]
    assert ours == [reply.text for reply in ask(model, CHATS, max_new_tokens=6)]  # from memory
    if each != CHECKPOINT:
        assert len(set(ours)) == len(ours)


def first_logits(model: TransformersModel, chats: list[Chat]) -> Any:
    prepared = [model.prepare(chat) for chat in chats]
    with torch.inference_mode():
        return model.load().reader(prepared).read(prepared).logits


def test_logits_are_those_of_one_plain_forward(each: Path) -> None:
    model = backend(each)
    together, again = first_logits(model, CHATS), first_logits(model, CHATS[::-1]).flip(0)
    loaded = model.load()
    for row, chat in enumerate(CHATS):
        inputs = placed(model_inputs(loaded.processor, [chat]), loaded.model)
        with torch.inference_mode():
            expected = loaded.model(**inputs).logits[0, -1]
        for ours in (together[row], again[row], first_logits(model, [chat])[0]):
            torch.testing.assert_close(ours, expected, atol=1e-4, rtol=0)


def test_clips_of_several_lengths_in_one_batch(each: Path) -> None:
    model = backend(each)
    chats = [Chat((film(n, seed=n), "what happens?")) for n in (1, 3, 4)]
    found = [reply.text for reply in ask(model, chats, max_new_tokens=5)]
    assert found == [plain(model, [chat], 5)[0] for chat in chats]


@pytest.mark.parametrize("temperature", [0.0, 1.0])
def test_a_family_that_is_not_known_answers_the_same(
    each: Path, temperature: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    known = ask(backend(each), CHATS, max_new_tokens=5, temperature=temperature)
    monkeypatch.setattr("unieval.judges.backends.inputs.family_of", lambda processor: None)
    model = backend(each)
    assert ask(model, CHATS, max_new_tokens=5, temperature=temperature) == known
    assert model.encoded == 0
    sizes = [model.size(model.prepare(chat)) for chat in CHATS]
    assert sizes[1] > sizes[2]


def test_one_bad_chat_fails_alone(qwen: Path) -> None:
    model = backend(qwen)
    thin = Chat((Image.new("RGB", (1000, 2)), "thinner than the processor takes"))
    with pytest.raises(ValueError, match="aspect ratio"):
        model.prepare(thin)
    good = [model.prepare(chat) for chat in CHATS]
    expected = model.generate(good, max_new_tokens=3)
    # one image for two places: the batch fails, and the next one is as ever
    bad = Prepared(good[1].chat, good[1].tokens, good[4].images, good[1].clips, good[1].size)
    with pytest.raises(StopIteration):
        model.generate([good[0], bad], max_new_tokens=3)
    assert model.generate(good, max_new_tokens=3) == expected


def test_a_chat_template_must_show_all_media(qwen: Path) -> None:
    model = backend(qwen)
    processor = model.preparation.processor
    processor.chat_template = processor.chat_template.replace("<|image_pad|>", "")
    with pytest.raises(UserError, match="shows 0 of 2 media"):
        model.prepare(CHATS[1])


# --- the tower -----------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["qwen", "qwen2", "qwen3"])
def test_a_faster_tower_gives_the_same_numbers(
    kind: str, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    fast = backend(request.getfixturevalue(kind))
    fast.load()
    monkeypatch.setattr("unieval.judges.backends.loaded.attend_at_once", lambda model: None)
    monkeypatch.setattr("unieval.judges.backends.loaded.embed_at_once", lambda model: None)
    slow = backend(request.getfixturevalue(kind))
    media = [shown.medium for chat in CHATS for shown in fast.prepare(chat).images]
    media += [shown.medium for chat in CHATS for shown in fast.prepare(chat).clips]
    found = []
    for model in (fast, slow):
        family = families.family_of(model.preparation.processor)
        assert family is not None
        with torch.inference_mode():
            found.append(family.encode(model.load().model, media))
    assert fast.load().model.base_model.visual.config._attn_implementation != "sdpa"
    assert slow.load().model.base_model.visual.config._attn_implementation == "sdpa"
    for ours, theirs in zip(*found, strict=True):
        torch.testing.assert_close(ours.rows, theirs.rows, atol=1e-5, rtol=1e-5)
        assert len(ours.deep) == (2 if kind == "qwen3" else 0)
        for mine, its in zip(ours.deep, theirs.deep, strict=True):
            torch.testing.assert_close(mine, its, atol=1e-5, rtol=1e-5)


def test_other_towers_stay_as_they_are(llava: Path, qwen: Path) -> None:
    model = backend(llava).load().model
    attend_at_once(model)
    embed_at_once(model)
    assert model.base_model.vision_tower.config._attn_implementation == "sdpa"
    eager = backend(qwen, attention="eager").load().model
    assert eager.base_model.visual.config._attn_implementation == "eager"
