"""ImageReward on a tiny BLIP in the published layout."""

from __future__ import annotations

import json
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import save_file
from test_scorers_clip import SIZE, TEXTS, items, pixels
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors
from torch.nn import functional
from transformers import (
    BlipTextConfig,
    BlipTextModel,
    BlipVisionConfig,
    BlipVisionModel,
    PreTrainedTokenizerFast,
)
from unieval.harness.errors import UserError
from unieval.judges.scorers.imagereward import ImageReward

WIDTH, WIDE, HEADS = 32, 48, 16
WORDS = sorted({word for text in TEXTS for word in text.split()})
SETTINGS = {
    "architectures": ["BertModel"],
    "hidden_act": "gelu",
    "hidden_size": WIDTH,
    "intermediate_size": 64,
    "layer_norm_eps": 1e-12,
    "max_position_embeddings": 40,
    "model_type": "bert",
    "num_attention_heads": 4,
    "num_hidden_layers": 2,
    "pad_token_id": 0,
    "vocab_size": 4 + len(WORDS),
    "encoder_width": 7,
    "add_cross_attention": True,
}


def save_bert_tokenizer(folder: Path) -> None:
    words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", *WORDS]
    bert = Tokenizer(models.WordPiece({w: i for i, w in enumerate(words)}, unk_token="[UNK]"))
    bert.normalizer = normalizers.BertNormalizer()
    bert.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    bert.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", special_tokens=[("[CLS]", 2), ("[SEP]", 3)]
    )
    names = {"pad_token": "[PAD]", "unk_token": "[UNK]", "cls_token": "[CLS]"}
    PreTrainedTokenizerFast(tokenizer_object=bert, **names).save_pretrained(folder)


class Tiny:
    """A random model of transformers' parts, and what it says when called by hand."""

    def __init__(self) -> None:
        torch.manual_seed(5)
        eyes = BlipVisionConfig(
            hidden_size=WIDE,
            intermediate_size=64,
            num_hidden_layers=2,
            num_attention_heads=HEADS,
            image_size=SIZE,
            patch_size=7,
            layer_norm_eps=1e-6,
        )
        self.eyes = BlipVisionModel(eyes).eval()
        reader = {**SETTINGS, "encoder_hidden_size": WIDE, "is_decoder": True}
        for name in ("architectures", "model_type", "encoder_width", "add_cross_attention"):
            reader.pop(name)
        self.reader = BlipTextModel(BlipTextConfig(**reader), add_pooling_layer=False).eval()
        sizes = (WIDTH, 32, 16, 8, 4, 1)
        self.head = [torch.nn.Linear(*pair) for pair in pairwise(sizes)]
        for module in (self.eyes, self.reader, *self.head):
            for weight in module.parameters():
                if weight.dim() > 1:
                    torch.nn.init.normal_(weight, std=0.3)

    def published(self) -> dict[str, torch.Tensor]:
        """The tensors as ImageReward.pt holds them."""
        found: dict[str, torch.Tensor] = {}
        visual = "blip.visual_encoder"
        seen = self.eyes.embeddings
        found[f"{visual}.cls_token"] = seen.class_embedding
        found[f"{visual}.pos_embed"] = seen.position_embedding
        modules: dict[str, Any] = {
            f"{visual}.patch_embed.proj": seen.patch_embedding,
            f"{visual}.norm": self.eyes.post_layernorm,
            "blip.vision_proj": torch.nn.Linear(WIDE, 8),  # training left it there
        }
        for i, layer in enumerate(self.eyes.encoder.layers):
            at = f"{visual}.blocks.{i}"
            modules |= {
                f"{at}.norm1": layer.layer_norm1,
                f"{at}.norm2": layer.layer_norm2,
                f"{at}.attn.qkv": layer.self_attn.qkv,
                f"{at}.attn.proj": layer.self_attn.projection,
                f"{at}.mlp.fc1": layer.mlp.fc1,
                f"{at}.mlp.fc2": layer.mlp.fc2,
            }
        modules |= {f"mlp.layers.{i}": self.head[k] for k, i in enumerate((0, 2, 4, 6, 7))}
        for name, module in modules.items():
            found[f"{name}.weight"], found[f"{name}.bias"] = module.weight, module.bias
        for name, tensor in self.reader.state_dict().items():
            found[f"blip.text_encoder.{name}"] = tensor
        found["blip.text_encoder.embeddings.position_ids"] = torch.arange(40)[None]
        return {name: tensor.detach().clone() for name, tensor in found.items()}

    def reward(self, tokenizer: Any, text: str, seen: torch.Tensor) -> float:
        """The published formula, for one text without padding and one picture."""
        words = tokenizer([text], return_tensors="pt", truncation=True, max_length=35)
        with torch.inference_mode():
            picture = self.eyes(pixel_values=seen[None]).last_hidden_state
            hidden = self.reader(
                input_ids=words["input_ids"],
                attention_mask=words["attention_mask"],
                encoder_hidden_states=picture,
                encoder_attention_mask=torch.ones(picture.shape[:2], dtype=torch.long),
            ).last_hidden_state[:, 0]
            for layer in self.head:
                hidden = functional.linear(hidden, layer.weight, layer.bias)
        return (float(hidden) - 0.16717362830052426) / 1.0333394966054072


@pytest.fixture(scope="module")
def tiny() -> Tiny:
    torch.set_num_threads(1)
    return Tiny()


@pytest.fixture
def folder(tiny, tmp_path) -> Path:
    save_bert_tokenizer(tmp_path / "bert")
    (tmp_path / "med_config.json").write_text(json.dumps(SETTINGS))
    torch.save(tiny.published(), tmp_path / "ImageReward.pt")
    return tmp_path


def judge(folder: Path, **arguments: Any) -> ImageReward:
    return ImageReward(str(folder), tokenizer=str(folder / "bert"), **arguments)


@pytest.mark.parametrize("form", ["pt", "safetensors"])
def test_the_score_is_the_published_formulas(folder, tiny, form):
    if form == "safetensors":
        save_file(tiny.published(), folder / "ImageReward.safetensors")
        (folder / "ImageReward.pt").write_bytes(b"not read")
    tokenizer = PreTrainedTokenizerFast.from_pretrained(folder / "bert")
    expected = [tiny.reward(tokenizer, text, pixels(i)) for i, text in enumerate(TEXTS)]
    assert judge(folder).score(items()) == pytest.approx(expected, abs=1e-5)
    assert judge(folder, batch_size=2).score(items()) == pytest.approx(expected, abs=1e-5)
    assert max(expected) - min(expected) > 0.01


def test_a_long_text_is_cut(folder, tiny):
    tokenizer = PreTrainedTokenizerFast.from_pretrained(folder / "bert")
    text = "red square " * 30
    item = items()[0]
    found = judge(folder).score([type(item)("1", "image", "generation", text, item.candidate)])
    assert found == pytest.approx([tiny.reward(tokenizer, text, pixels(0))], abs=1e-5)


def test_each_picture_is_seen_once(folder):
    scorer = judge(folder)
    scorer.score(items())
    sizes: list[int] = []
    encode = scorer._model.pictures.compute
    scorer._model.pictures.compute = lambda batch: (sizes.append(len(batch)), encode(batch))[1]
    scorer.score(items())
    scorer.score(items(40, 30))
    assert sizes == [3]


def test_a_missing_tensor_is_named(folder, tiny):
    for lost, told in (
        ("blip.text_encoder.encoder.layer.1.crossattention.self.key.weight", "lacks 1 tensors"),
        ("blip.visual_encoder.blocks.0.attn.qkv.bias", "lacks 1 tensors.*qkv"),
        ("blip.visual_encoder.pos_embed", r"no BLIP model.*pos_embed"),
        ("mlp.layers.6.bias", r"lacks mlp\.layers\.6\.bias of its head"),
    ):
        state = {name: tensor for name, tensor in tiny.published().items() if name != lost}
        torch.save(state, folder / "ImageReward.pt")
        with pytest.raises(UserError, match=told):
            judge(folder).score(items())


def test_settings_belong_to_the_checkpoint(folder):
    before = judge(folder).identity()
    assert before["weights"] == "ImageReward.pt"
    (folder / "med_config.json").write_text(json.dumps({**SETTINGS, "hidden_size": 64}))
    assert judge(folder).identity()["fingerprint"] != before["fingerprint"]
    with pytest.raises(UserError, match=r"does not fit BlipTextModel: .*size mismatch"):
        judge(folder).score(items())
    (folder / "med_config.json").write_text("{")
    with pytest.raises(UserError, match=r"med_config\.json is not valid JSON"):
        judge(folder).score(items())
    (folder / "med_config.json").unlink()
    with pytest.raises(UserError, match=r"has no med_config\.json; put it beside ImageReward\.pt"):
        judge(folder).score(items())
