"""LLaVA-NeXT's own checkpoints run as transformers' LLaVA-OneVision.

The checkpoints here are made from a tiny LLaVA-OneVision, whose weights are put into LLaVA-NeXT's
layout; so what the two compute must be the same.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from safetensors.torch import save_file
from tiny_checkpoints import picture, save_tokenizer
from transformers import LlavaOnevisionForConditionalGeneration
from unieval.harness.errors import UserError
from unieval.judges.backends import llava_next_config
from unieval.judges.backends.chats import Chat, Clip, model_inputs, written
from unieval.judges.backends.llava_next import (
    is_llava_next,
    load_llava_next,
    load_llava_next_model,
    load_llava_next_processor,
)
from unieval.judges.backends.llava_next_config import grid_pinpoints, onevision_config

pytestmark = pytest.mark.usefixtures("one_thread")

QWEN2_TEMPLATE = (  # the text-only one that comes with Qwen2, and so with LLaVA-NeXT's checkpoints
    "{% for message in messages %}{% if loop.first and messages[0]['role'] != 'system' %}"
    "{{ '<|im_start|>system\nYou are a helpful assistant<|im_end|>\n' }}{% endif %}"
    "{{'<|im_start|>' + message['role'] + '\n' + message['content'] + '<|im_end|>' + '\n'}}"
    "{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}"
)
CONFIG: dict[str, Any] = {
    "architectures": ["LlavaQwenForCausalLM"],
    "model_type": "llava_qwen",
    "mm_vision_tower": "google/siglip-so400m-patch14-384",
    "mm_projector_type": "mlp2x_gelu",
    "mm_patch_merge_type": "spatial_unpad",
    "mm_resampler_type": None,
    "mm_vision_select_layer": -2,
    "image_aspect_ratio": "anyres_max_9",
    "image_grid_pinpoints": [[28, 28], [28, 56], [56, 28], [56, 56]],
    "vision_config": {"num_attention_heads": 4},
    "num_attention_heads": 4,
    "num_hidden_layers": 2,
    "max_position_embeddings": 8192,
    "rope_theta": 10_000.0,
    "rope_scaling": None,
    "torch_dtype": "float32",
    "eos_token_id": 2,
}
TWO = Chat((picture(40, 60, 1), picture(90, 33, 2), "which is better?"))
FRAMES = Chat((*(picture(30, 30, 10 + i) for i in range(6)), "six frames of two videos"))
ONE = Chat((picture(64, 30, 3), "one picture"))

Tensors = dict[str, torch.Tensor]


def next_name(name: str) -> str:
    """The name in a LLaVA-NeXT file of a weight of transformers' LLaVA-OneVision."""
    part, _, rest = name.removeprefix("model.").partition(".")
    if part == "vision_tower":
        return f"model.vision_tower.vision_tower.vision_model.{rest}"
    if part == "multi_modal_projector":
        layer, kind = rest.split(".")
        return f"model.mm_projector.{'0' if layer == 'linear_1' else '2'}.{kind}"
    if part == "language_model":
        return f"model.{rest}"
    return name


@pytest.fixture(scope="module")
def original(llava: Path) -> Any:
    return LlavaOnevisionForConditionalGeneration.from_pretrained(llava).eval()


@pytest.fixture(scope="module")
def kept(original: Any, tmp_path_factory: pytest.TempPathFactory) -> list[int]:
    """The original's ids of the tokens that LLaVA-NeXT's tokenizer has too, in its order."""
    text_only = save_tokenizer(tmp_path_factory.mktemp("tokens"), (), QWEN2_TEMPLATE)
    media = (original.config.image_token_id, original.config.video_token_id)
    ids = [i for i in range(original.config.text_config.vocab_size) if i not in media]
    assert len(ids) == len(text_only)
    return ids


@pytest.fixture(scope="module")
def save_next(
    original: Any, kept: list[int], tmp_path_factory: pytest.TempPathFactory
) -> Callable[..., Path]:
    """Writes the original in LLaVA-NeXT's layout, with what is asked for changed.

    Its vocabulary has no media tokens, so their rows are left out of the tables.
    """

    def save(
        edit: Callable[[Tensors], object] = lambda tensors: None,
        *,
        spare: int = 0,
        shards: int = 1,
        template: str = QWEN2_TEMPLATE,
        **config: Any,
    ) -> Path:
        folder = tmp_path_factory.mktemp("next")
        save_tokenizer(folder, (), template)
        tensors = {next_name(name): weight for name, weight in original.state_dict().items()}
        for name in ("model.embed_tokens.weight", "lm_head.weight"):
            table = tensors[name][kept]
            tensors[name] = torch.cat([table, torch.randn(spare, table.shape[1])])
        edit(tensors)
        _write(folder, {name: weight.clone() for name, weight in tensors.items()}, shards)
        (folder / "config.json").write_text(json.dumps({**CONFIG, **config}))
        return folder

    return save


def _write(folder: Path, tensors: Tensors, shards: int) -> None:
    if shards == 1:
        save_file(tensors, folder / "model.safetensors")
        return
    parts = {f"model-{i + 1:05}-of-{shards:05}.safetensors": i for i in range(shards)}
    names = sorted(tensors)
    for file, i in parts.items():
        save_file({name: tensors[name] for name in names[i::shards]}, folder / file)
    index = {name: file for file, i in parts.items() for name in names[i::shards]}
    (folder / "model.safetensors.index.json").write_text(json.dumps({"weight_map": index}))


@pytest.fixture(scope="module")
def plain(save_next: Callable[..., Path]) -> Path:
    return save_next()


def _logits(model: Any, inputs: Any) -> torch.Tensor:
    with torch.inference_mode():
        return model(**inputs).logits


def _agree(loaded: tuple[Any, Any], original: Any, kept: list[int], chat: Chat) -> None:
    """The loaded checkpoint computes what the original does, on all tokens both have."""
    model, processor = loaded
    inputs = model_inputs(processor, [chat])
    theirs = {
        **dict(enumerate(kept)),
        processor.image_token_id: original.config.image_token_id,
        processor.video_token_id: original.config.video_token_id,
    }
    ids = torch.tensor([[theirs[i] for i in row] for row in inputs["input_ids"].tolist()])
    expected = _logits(original, {**inputs, "input_ids": ids})[..., kept]
    found = _logits(model, inputs)[..., : len(kept)]
    assert torch.allclose(found, expected, atol=1e-5, rtol=0)
    assert expected.std() > 0.1


@pytest.mark.parametrize("chat", [ONE, TWO, FRAMES], ids=["one", "two", "frames"])
def test_computes_what_the_original_does(
    plain: Path, original: Any, kept: list[int], chat: Chat
) -> None:
    _agree(load_llava_next(str(plain)), original, kept, chat)


def test_videos_as_such(plain: Path, original: Any, kept: list[int]) -> None:
    clip = Clip(tuple(picture(30, 30, i) for i in range(3)), fps=2.0)
    loaded = load_llava_next(str(plain))
    _agree(loaded, original, kept, Chat((clip, "a film")))


@pytest.mark.parametrize("spare", [1, 2, 45])
def test_spare_rows_serve_as_media_tokens(
    save_next: Callable[..., Path], original: Any, kept: list[int], spare: int
) -> None:
    model, processor = load_llava_next(str(save_next(spare=spare)))
    assert processor.image_token_id == len(kept)
    assert model.get_input_embeddings().weight.shape[0] == len(kept) + max(spare, 2)
    _agree((model, processor), original, kept, TWO)


def test_media_tokens_are_never_answers(plain: Path, kept: list[int]) -> None:
    model, processor = load_llava_next(str(plain))
    inputs = model_inputs(processor, [TWO, FRAMES])
    logits = _logits(model, inputs)
    assert logits.shape[-1] == len(kept) + 2
    assert (logits.argmax(-1) < len(kept)).all()


def test_shards(save_next: Callable[..., Path], original: Any, kept: list[int]) -> None:
    _agree(load_llava_next(str(save_next(shards=3))), original, kept, TWO)


def test_number_formats(save_next: Callable[..., Path]) -> None:
    def half(tensors: Tensors) -> None:
        tensors.update({name: weight.half() for name, weight in tensors.items()})

    folder = str(save_next(half, torch_dtype=None))
    attending = load_llava_next_model(folder, attention="eager", dtype="bfloat16")
    assert attending.config._attn_implementation == "eager"
    assert attending.dtype == torch.bfloat16
    assert load_llava_next(folder)[0].dtype == torch.float16
    assert load_llava_next(folder, dtype="float32")[0].dtype == torch.float32


def test_unused_tensors_may_be_there_and_post_layernorm_may_not(
    save_next: Callable[..., Path], original: Any, kept: list[int]
) -> None:
    vision = "model.vision_tower.vision_tower.vision_model."

    def edit(tensors: Tensors) -> None:
        for name in [name for name in tensors if "post_layernorm" in name]:
            del tensors[name]
        tensors["model.layers.0.self_attn.rotary_emb.inv_freq"] = torch.ones(4)
        tensors[vision + "head.probe"] = torch.ones(1, 1, 32)

    _agree(load_llava_next(str(save_next(edit))), original, kept, TWO)


def test_layers_beyond_the_towers_last_are_dropped(
    save_next: Callable[..., Path], original: Any, kept: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(llava_next_config, "_SO400M", 32)
    monkeypatch.setattr(llava_next_config, "_SO400M_LAYERS", 2)

    def edit(tensors: Tensors) -> None:
        last = {name: weight for name, weight in tensors.items() if "encoder.layers.1." in name}
        tensors.update({name.replace(".1.", ".2."): weight for name, weight in last.items()})

    _agree(load_llava_next(str(save_next(edit))), original, kept, TWO)


def test_tied_tables(save_next: Callable[..., Path]) -> None:
    def without_head(tensors: Tensors) -> None:
        del tensors["lm_head.weight"]

    for folder in (save_next(without_head), save_next(tie_word_embeddings=True)):
        model, processor = load_llava_next(str(folder))
        assert model.lm_head.weight is model.get_input_embeddings().weight
        answers = _logits(model, model_inputs(processor, [TWO])).argmax(-1)
        assert (answers < processor.image_token_id).all()


def test_so400m_without_its_last_layer() -> None:
    vision = "model.vision_tower.vision_tower.vision_model."
    shapes = {
        "lm_head.weight": (152064, 3584),
        "model.embed_tokens.weight": (152064, 3584),
        "model.layers.0.mlp.gate_proj.weight": (18944, 3584),
        "model.layers.0.self_attn.k_proj.weight": (512, 3584),
        f"{vision}embeddings.patch_embedding.weight": (1152, 3, 14, 14),
        f"{vision}embeddings.position_embedding.weight": (729, 1152),
        f"{vision}encoder.layers.0.mlp.fc1.weight": (4304, 1152),
        f"{vision}encoder.layers.26.mlp.fc1.weight": (4304, 1152),
    }
    said = {
        **CONFIG,
        "image_grid_pinpoints": "(1x1),...,(6x6)",
        "num_attention_heads": 28,
        "num_hidden_layers": 28,
        "rope_theta": 1_000_000.0,
        "vision_config": None,
    }
    config = onevision_config(said, shapes, (151646, 151647), "here")
    tower, language = config.vision_config, config.text_config
    assert (tower.num_hidden_layers, tower.num_attention_heads, tower.image_size) == (26, 16, 384)
    assert (tower.hidden_size, tower.intermediate_size, tower.patch_size) == (1152, 4304, 14)
    assert (language.num_key_value_heads, language.vocab_size) == (4, 152064)
    assert language.rope_parameters["rope_theta"] == 1_000_000.0
    default = type(config)()
    assert sorted(config.image_grid_pinpoints) == sorted(default.image_grid_pinpoints)
    assert (config.image_token_id, config.video_token_id) == (151646, 151647)
    for name in ("vision_feature_layer", "vision_feature_select_strategy", "vision_aspect_ratio"):
        assert getattr(config, name) == getattr(default, name)
    own = onevision_config({**said, "mm_vision_tower": "./tower"}, shapes, (1, 2), "here")
    assert own.vision_config.image_size == 384


def test_string_grid(save_next: Callable[..., Path], original: Any, kept: list[int]) -> None:
    loaded = load_llava_next(str(save_next(image_grid_pinpoints="(1x1),...,(2x2)")))
    assert sorted(loaded[0].config.image_grid_pinpoints) == CONFIG["image_grid_pinpoints"]
    _agree(loaded, original, kept, ONE)


@given(st.integers(1, 4), st.integers(1, 4), st.integers(0, 3), st.integers(0, 3))
def test_string_grid_is_what_lies_between(left: int, top: int, more: int, down: int) -> None:
    given = f"({left}x{top}),...,({left + more}x{top + down})"
    sizes = grid_pinpoints(given, 384, "here")
    assert len(sizes) == (more + 1) * (down + 1)
    assert sizes[0] == [top * 384, left * 384]
    assert sizes[-1] == [(top + down) * 384, (left + more) * 384]


@given(st.lists(st.tuples(st.integers(1, 6), st.integers(1, 6)), min_size=1, max_size=8))
def test_grid_turns_width_and_height_around(tiles: list[tuple[int, int]]) -> None:
    pairs = [[width * 28, height * 28] for width, height in tiles]
    turned = [[height * 28, width * 28] for width, height in tiles]
    assert grid_pinpoints(pairs, 28, "here") == turned
    assert grid_pinpoints(json.dumps(pairs), 28, "here") == turned


@pytest.mark.parametrize("given", [None, [], "", "[[28]]", [[28, 30]], [[0, 28]], "(2x2),(1x1)"])
def test_bad_grid(given: object) -> None:
    with pytest.raises(UserError, match=r"here: image_grid_pinpoints .* multiple of 28"):
        grid_pinpoints(given, 28, "here")


def _scaled(image: Image.Image) -> np.ndarray[Any, Any]:
    return (np.asarray(image, dtype=np.float32) / 255 - 0.5).transpose(2, 0, 1) / 0.5


def test_one_image_is_shown_whole_and_in_tiles(plain: Path) -> None:
    # 64 x 30 fits best into 56 x 28 pixels, two tiles beside each other
    image = picture(64, 30, 3)
    resized, wide = image.resize((56, 27)), Image.new("RGB", (56, 28))
    wide.paste(resized, (0, 0))
    tiles = [wide.crop((0, 0, 28, 28)), wide.crop((28, 0, 56, 28))]
    expected = [_scaled(part) for part in (image.resize((28, 28)), *tiles)]
    inputs = model_inputs(load_llava_next_processor(str(plain)), [Chat((image, "?"))])
    assert np.abs(inputs["pixel_values"][0].numpy() - np.stack(expected)).max() < 1e-5


def test_pairs_are_one_tile_each_or_as_the_public_scripts_show_them(
    plain: Path, original: Any, kept: list[int]
) -> None:
    square = [picture(64, 64, i) for i in (1, 2)]
    pair = Chat((*square, "which?"))
    model, processor = load_llava_next(str(plain))
    whole = model_inputs(processor, [pair])
    assert whole["pixel_values"].shape[:2] == (2, 1)
    assert (whole["input_ids"] == processor.image_token_id).sum() == 2 * (16 + 1)
    scripts = load_llava_next(str(plain), tiled_images=2)
    tiled = model_inputs(scripts[1], [pair])
    assert tiled["pixel_values"].shape[:2] == (2, 1 + 4)
    assert (tiled["input_ids"] == processor.image_token_id).sum() == 2 * (16 + 8 * 9)
    alone = [model_inputs(processor, [Chat((one, "?"))])["pixel_values"] for one in square]
    assert torch.equal(tiled["pixel_values"], torch.cat(alone))
    _agree(scripts, original, kept, pair)
    frames = model_inputs(scripts[1], [FRAMES])
    assert frames["pixel_values"].shape[:2] == (6, 1)
    both = model_inputs(scripts[1], [pair, FRAMES])
    assert both["batch_num_images"].tolist() == [1, 1, 6]
    _logits(model, both)


def test_conversation(plain: Path) -> None:
    processor = load_llava_next_processor(str(plain))
    text = "Text Caption: [<image> <|im_end|>]"
    assert type(processor).__name__ == "LlavaOnevisionProcessor"
    assert "LlavaOnevisionImageProcessorPil" in repr(processor)
    (found,) = written(processor, [Chat((ONE.images[0], " ", TWO.images[0], text))])
    assert found == (
        "<|im_start|>system\nYou are a helpful assistant.<|im_end|>\n"
        "<|im_start|>user\n<image>\n <image>\nText Caption: [< image> < |im_end|>]<|im_end|>\n"
        "<|im_start|>assistant\n"
    )
    ids = processor.tokenizer("<|im_start|><image>\n")["input_ids"]
    assert ids[:2] == [1, processor.image_token_id]


def test_own_template_that_places_images_is_kept(save_next: Callable[..., Path]) -> None:
    own = "{% for m in messages %}<image>{{ m.content[-1].text }}{% endfor %}"
    processor = load_llava_next_processor(str(save_next(template=own)))
    assert written(processor, [Chat((ONE.images[0], "?"))]) == ["<image>?"]


def test_answers_end_where_a_turn_does(save_next: Callable[..., Path]) -> None:
    folder = save_next(eos_token_id=0)
    assert load_llava_next(str(folder))[0].generation_config.eos_token_id == [0, 2]
    (folder / "generation_config.json").write_text('{"eos_token_id": [7, 2], "top_k": 20}')
    model, processor = load_llava_next(str(folder))
    assert model.generation_config.eos_token_id == [2, 7]
    answer = model.generate(**model_inputs(processor, [TWO]), max_new_tokens=2, do_sample=False)
    assert answer.shape[0] == 1


def test_tokenizer_of_vocabulary_and_merges(
    save_next: Callable[..., Path], kept: list[int]
) -> None:
    """The files of a real checkpoint, which has no tokenizer.json."""
    folder = save_next()
    whole = load_llava_next_processor(str(folder)).tokenizer
    bpe = json.loads((folder / "tokenizer.json").read_text())
    added = {token["content"]: token["id"] for token in bpe["added_tokens"]}
    plain = {token: i for token, i in bpe["model"]["vocab"].items() if token not in added}
    merges = "\n".join(" ".join(pair) for pair in bpe["model"]["merges"])
    (folder / "tokenizer.json").unlink()
    (folder / "vocab.json").write_text(json.dumps({**plain, **added}))
    (folder / "merges.txt").write_text("#version: 0.2\n" + merges)
    (folder / "added_tokens.json").write_text(json.dumps(added))
    settings = {
        "tokenizer_class": "Qwen2Tokenizer",
        "eos_token": "<|im_end|>",
        "pad_token": "<|endoftext|>",
        "chat_template": QWEN2_TEMPLATE,
        "added_tokens_decoder": {
            str(i): {"content": token, "special": True} for token, i in added.items()
        },
    }
    (folder / "tokenizer_config.json").write_text(json.dumps(settings))
    processor = load_llava_next_processor(str(folder))
    assert processor.image_token_id == len(kept)
    text = "<|im_start|>user\nText of <image> is better<|im_end|>"
    assert processor.tokenizer(text)["input_ids"] == whole(text)["input_ids"]


def test_other_ways_to_show_videos_are_not_imitated(save_next: Callable[..., Path]) -> None:
    folder = save_next(mm_newline_position="grid")
    processor = load_llava_next_processor(str(folder))
    clip = Clip((picture(30, 30, 1), picture(30, 30, 2)), fps=2.0)
    with pytest.raises(UserError, match="videos cannot be shown as such"):
        model_inputs(processor, [Chat((clip, "a film"))])
    model_inputs(processor, [FRAMES])


@pytest.mark.parametrize(
    ("edit", "message"),
    [
        (
            lambda tensors: tensors.pop("model.layers.1.mlp.up_proj.weight"),
            r"lacks 1 tensor it needs \(model\.layers\.1\.mlp\.up_proj\.weight\)",
        ),
        (
            lambda tensors: [tensors.pop(name) for name in list(tensors) if ".layers.1." in name],
            r"lacks 12 tensors it needs \(model\.layers\.1\.input_layernorm\.weight, .*, \.\.\.\)",
        ),
        (
            lambda tensors: tensors.update({"model.vision_resampler.query": torch.ones(1)}),
            r"has 1 tensor that its architecture does not know \(model\.vision_resampler\.query\)",
        ),
        (
            lambda tensors: tensors.update({"model.mm_projector.2.bias": torch.ones(3)}),
            r"tensor model\.mm_projector\.2\.bias is \[3\], but .* it must be \[32\]",
        ),
        (
            lambda tensors: tensors.update({"lm_head.weight": torch.ones(300, 32)}),
            r"tensor lm_head\.weight is \[300, 32\]",
        ),
        (
            lambda tensors: tensors.pop("model.embed_tokens.weight"),
            r"lacks the tensor model\.embed_tokens\.weight",
        ),
        (
            lambda tensors: [tensors.pop(name) for name in list(tensors) if "vision" in name],
            r"no vision tower in its files .* only its name 'google/siglip",
        ),
    ],
)
def test_tensors_that_do_not_fit(
    save_next: Callable[..., Path], edit: Callable[[Tensors], object], message: str
) -> None:
    with pytest.raises(UserError, match=message):
        load_llava_next(str(save_next(edit)))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"architectures": ["LlavaLlamaForCausalLM"]}, "architectures 'LlavaLlamaForCausalLM'"),
        ({"mm_projector_type": "pooler"}, "mm_projector_type 'pooler'"),
        ({"mm_patch_merge_type": "flat"}, "mm_patch_merge_type 'flat'"),
        ({"mm_resampler_type": "perceiver"}, "mm_resampler_type 'perceiver'"),
        ({"architectures": ["LlavaQwenMoeForCausalLM"]}, "architectures 'LlavaQwenMoe"),
        ({"image_aspect_ratio": "anyres_max_0"}, "image_aspect_ratio in config.json is"),
        ({"image_aspect_ratio": "pad"}, "image_aspect_ratio in config.json is 'pad'"),
        ({"vision_config": None}, "how many heads it has is not known"),
        ({"num_attention_heads": None}, "config.json has no num_attention_heads"),
    ],
)
def test_other_kinds_are_refused(
    save_next: Callable[..., Path], change: dict[str, Any], message: str
) -> None:
    with pytest.raises(UserError, match=message):
        load_llava_next(str(save_next(**change)))


def test_anyres_without_a_limit(save_next: Callable[..., Path]) -> None:
    model, _ = load_llava_next(str(save_next(image_aspect_ratio="anyres")))
    assert model.config.vision_aspect_ratio == "anyres_max_4"


def test_only_pickles(plain: Path, tmp_path: Path) -> None:
    folder = shutil.copytree(plain, tmp_path / "pickled")
    (folder / "model.safetensors").rename(folder / "pytorch_model.bin")
    with pytest.raises(UserError, match=r"no safetensors weights .* safe_serialization=True"):
        load_llava_next(str(folder))


def test_broken_files(save_next: Callable[..., Path]) -> None:
    folder = save_next(shards=2)
    (folder / "model-00002-of-00002.safetensors").write_bytes(b"half a file")
    with pytest.raises(UserError, match=r"00002-of-00002\.safetensors is damaged or incomplete"):
        load_llava_next(str(folder))
    (folder / "model-00002-of-00002.safetensors").unlink()
    with pytest.raises(UserError, match=r"lacks model-00002-of-00002\.safetensors"):
        load_llava_next(str(folder))
    (folder / "model.safetensors.index.json").write_text("[]")
    with pytest.raises(UserError, match=r"index\.json is not a JSON object"):
        load_llava_next(str(folder))


def test_tokenizer_of_another_family(save_next: Callable[..., Path]) -> None:
    folder = save_next()
    file = folder / "tokenizer.json"
    file.write_text(file.read_text().replace("<|im_end|>", "</s>"))
    (folder / "tokenizer_config.json").write_text('{"tokenizer_class": "TokenizersBackend"}')
    with pytest.raises(UserError, match=r"no token <\|im_end\|>"):
        load_llava_next(str(folder))


def test_hub_checkpoint(plain: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: dict[str, Any] = {}

    def snapshot_download(name: str, **options: Any) -> str:
        asked.update(options, name=name)
        return str(plain)

    monkeypatch.setattr("huggingface_hub.snapshot_download", snapshot_download)
    load_llava_next_processor("somebody/reward-7b", revision="abc")
    assert asked["name"] == "somebody/reward-7b"
    assert asked["revision"] == "abc"
    assert asked["allow_patterns"] == ["*.safetensors", "*.json", "*.txt"]

    def offline(name: str, **options: Any) -> str:
        raise OSError("no network")

    monkeypatch.setattr("huggingface_hub.snapshot_download", offline)
    with pytest.raises(UserError, match=r"'somebody/reward-7b' cannot be fetched .*no network"):
        load_llava_next_processor("somebody/reward-7b")


def test_recognised(llava: Path, qwen: Path) -> None:
    assert is_llava_next(CONFIG)
    assert is_llava_next({"model_type": "llava_qwen"})
    assert is_llava_next({"model_type": "llava", "architectures": ["LlavaQwenForCausalLM"]})
    assert is_llava_next({"model_type": "llava", "mm_vision_tower": "openai/clip"})
    assert not is_llava_next({"model_type": "llava"})
    for folder in (llava, qwen):
        assert not is_llava_next(json.loads((folder / "config.json").read_text()))
