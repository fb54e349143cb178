"""HPSv2 on noise in open_clip's layout, held against open_clip's own formulas."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file
from test_scorers_clip import (
    HEADS,
    LAYERS,
    LENGTH,
    PATCH,
    SHARED,
    SIZE,
    TEXTS,
    WIDE,
    WIDTH,
    items,
    pixels,
    save_tiny_clip,
)
from torch.nn import functional
from transformers import CLIPModel, PreTrainedTokenizerFast
from unieval.harness.errors import UserError
from unieval.judges.scorers.hpsv2 import HPSv2
from unieval.judges.scorers.open_clip import configuration, converted


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    torch.set_num_threads(1)
    return save_tiny_clip(tmp_path_factory.mktemp("clip"))


def inverse(model: CLIPModel) -> dict[str, torch.Tensor]:
    """A model of transformers as open_clip writes it; knows nothing of the judge's own mapping."""
    theirs: dict[str, torch.Tensor] = {"logit_scale": model.logit_scale.data}
    text, vision = model.text_model, model.vision_model
    theirs["positional_embedding"] = text.embeddings.position_embedding.weight
    theirs["token_embedding.weight"] = text.embeddings.token_embedding.weight
    theirs["visual.class_embedding"] = vision.embeddings.class_embedding
    theirs["visual.conv1.weight"] = vision.embeddings.patch_embedding.weight
    theirs["visual.positional_embedding"] = vision.embeddings.position_embedding.weight
    theirs["text_projection"] = model.text_projection.weight.T
    theirs["visual.proj"] = model.visual_projection.weight.T
    norms = {
        "ln_final": text.final_layer_norm,
        "visual.ln_pre": vision.pre_layrnorm,
        "visual.ln_post": vision.post_layernorm,
    }
    for start, tower in (("", text), ("visual.", vision)):
        for i, layer in enumerate(tower.encoder.layers):
            at, attention = f"{start}transformer.resblocks.{i}.", layer.self_attn
            parts = (attention.q_proj, attention.k_proj, attention.v_proj)
            theirs[f"{at}attn.in_proj_weight"] = torch.cat([p.weight for p in parts])
            theirs[f"{at}attn.in_proj_bias"] = torch.cat([p.bias for p in parts])
            norms |= {
                f"{at}attn.out_proj": attention.out_proj,
                f"{at}ln_1": layer.layer_norm1,
                f"{at}ln_2": layer.layer_norm2,
                f"{at}mlp.c_fc": layer.mlp.fc1,
                f"{at}mlp.c_proj": layer.mlp.fc2,
            }
    for name, module in norms.items():
        theirs[f"{name}.weight"], theirs[f"{name}.bias"] = module.weight, module.bias
    return {name: tensor.detach().clone().contiguous() for name, tensor in theirs.items()}


def random_open_clip(vocabulary: int) -> dict[str, torch.Tensor]:
    """Noise in the names and shapes of open_clip; transformers has no part in it."""
    dice = torch.Generator().manual_seed(3)

    def noise(*shape: int) -> torch.Tensor:
        return torch.randn(shape, generator=dice) * 0.3

    found = {
        "logit_scale": torch.tensor(4.6),
        "positional_embedding": noise(LENGTH, WIDTH),
        "token_embedding.weight": noise(vocabulary, WIDTH),
        "text_projection": noise(WIDTH, SHARED),
        "visual.class_embedding": noise(WIDE),
        "visual.conv1.weight": noise(WIDE, 3, PATCH, PATCH),
        "visual.positional_embedding": noise((SIZE // PATCH) ** 2 + 1, WIDE),
        "visual.proj": noise(WIDE, SHARED),
    }
    norms = {"ln_final": WIDTH, "visual.ln_pre": WIDE, "visual.ln_post": WIDE}
    for start, width in (("", WIDTH), ("visual.", WIDE)):
        for i in range(LAYERS):
            at = f"{start}transformer.resblocks.{i}."
            norms |= {f"{at}ln_1": width, f"{at}ln_2": width}
            found |= {
                f"{at}attn.in_proj_weight": noise(3 * width, width),
                f"{at}attn.in_proj_bias": noise(3 * width),
                f"{at}attn.out_proj.weight": noise(width, width),
                f"{at}attn.out_proj.bias": noise(width),
                f"{at}mlp.c_fc.weight": noise(64, width),
                f"{at}mlp.c_fc.bias": noise(64),
                f"{at}mlp.c_proj.weight": noise(width, 64),
                f"{at}mlp.c_proj.bias": noise(width),
            }
    for name, width in norms.items():
        found |= {f"{name}.weight": 1 + noise(width), f"{name}.bias": noise(width)}
    return found


class OpenClip:
    """open_clip's encoders in plain functions of torch, its own attention included."""

    def __init__(self, state: dict[str, torch.Tensor]) -> None:
        self.state = state

    def norm(self, x, name):
        weight, bias = self.state[f"{name}.weight"], self.state[f"{name}.bias"]
        return functional.layer_norm(x, weight.shape, weight, bias, 1e-5)

    def linear(self, x, name):
        return functional.linear(x, self.state[f"{name}.weight"], self.state[f"{name}.bias"])

    def blocks(self, x, start, mask=None):
        for i in range(LAYERS):
            at = f"{start}transformer.resblocks.{i}."
            attention = torch.nn.MultiheadAttention(x.shape[-1], HEADS)
            names = {name.removeprefix(f"{at}attn."): name for name in self.state}
            names = {n: name for n, name in names.items() if n in attention.state_dict()}
            attention.load_state_dict({n: self.state[name] for n, name in names.items()})
            seen = self.norm(x, f"{at}ln_1")
            x = x + attention(seen, seen, seen, need_weights=False, attn_mask=mask)[0]
            inner = self.linear(self.norm(x, f"{at}ln_2"), f"{at}mlp.c_fc")
            x = x + self.linear(functional.gelu(inner), f"{at}mlp.c_proj")
        return x

    def text(self, tokens: list[int]) -> torch.Tensor:
        padded = torch.tensor(tokens + [0] * (LENGTH - len(tokens)))  # open_clip pads with 0
        x = self.state["token_embedding.weight"][padded] + self.state["positional_embedding"]
        mask = torch.full((LENGTH, LENGTH), float("-inf")).triu(1)
        x = self.norm(self.blocks(x, "", mask), "ln_final")
        return functional.normalize(x[padded.argmax()] @ self.state["text_projection"], dim=0)

    def image(self, seen: torch.Tensor) -> torch.Tensor:
        patches = functional.conv2d(seen[None], self.state["visual.conv1.weight"], stride=PATCH)
        x = torch.cat([self.state["visual.class_embedding"][None], patches[0].flatten(1).T])
        x = self.norm(x + self.state["visual.positional_embedding"], "visual.ln_pre")
        x = self.norm(self.blocks(x, "visual.")[0], "visual.ln_post")
        return functional.normalize(x @ self.state["visual.proj"], dim=0)


@pytest.fixture(scope="module")
def noise(clip) -> dict[str, torch.Tensor]:
    return random_open_clip(len(PreTrainedTokenizerFast.from_pretrained(clip)))


def test_an_open_clip_file_gives_the_model_that_was_written(clip):
    model = CLIPModel.from_pretrained(clip).eval()
    theirs = inverse(model)
    ours = converted(theirs)
    assert ours.keys() == model.state_dict().keys()
    assert all(torch.equal(ours[name], tensor) for name, tensor in model.state_dict().items())
    config = configuration(theirs, heads=(HEADS, HEADS), source="here")
    for part in ("text_config", "vision_config"):
        read, written = (getattr(c, part).to_dict() for c in (config, model.config))
        for name in ("hidden_size", "intermediate_size", "num_hidden_layers", "hidden_act"):
            assert read[name] == written[name]


def test_the_shapes_of_vit_h_14_tell_its_configuration():
    shapes: dict[str, tuple[int, ...]] = {
        "positional_embedding": (77, 1024),
        "token_embedding.weight": (49408, 1024),
        "text_projection": (1024, 1024),
        "visual.conv1.weight": (1280, 3, 14, 14),
        "visual.positional_embedding": (257, 1280),
    }
    shapes |= {f"transformer.resblocks.{i}.mlp.c_fc.weight": (4096, 1024) for i in range(24)}
    shapes |= {f"visual.transformer.resblocks.{i}.mlp.c_fc.weight": (5120, 1280) for i in range(32)}
    state = {name: torch.empty(shape, device="meta") for name, shape in shapes.items()}
    found = configuration(state, heads=(16, 16), source="here")
    text, vision = found.text_config, found.vision_config
    assert (text.num_hidden_layers, text.hidden_size, text.intermediate_size) == (24, 1024, 4096)
    assert (text.vocab_size, text.eos_token_id, text.max_position_embeddings) == (49408, 49407, 77)
    assert (vision.num_hidden_layers, vision.image_size, vision.patch_size) == (32, 224, 14)
    assert (vision.hidden_size, vision.intermediate_size, found.projection_dim) == (
        1280,
        5120,
        1024,
    )


@pytest.mark.parametrize("form", ["pt", "safetensors"])
def test_hpsv2_is_open_clips_cosine(clip, noise, form, tmp_path):
    file = tmp_path / f"HPS_v2.1_compressed.{form}"
    if form == "pt":
        torch.save({"epoch": 1, "name": "x", "state_dict": noise}, file)
    else:
        save_file(noise, file)
    found = HPSv2(str(tmp_path), tokenizer=str(clip)).score(items())
    tokenizer = PreTrainedTokenizerFast.from_pretrained(clip)
    reference = OpenClip(noise)
    with torch.inference_mode():
        expected = [
            100 * float(reference.text(tokenizer(text)["input_ids"]) @ reference.image(pixels(i)))
            for i, text in enumerate(TEXTS)
        ]
    assert found == pytest.approx(expected, abs=1e-4)
    assert max(found) - min(found) > 1


def test_a_missing_tensor_is_named(clip, noise, tmp_path):
    lost = "visual.transformer.resblocks.1.attn.in_proj_weight"
    file = tmp_path / "HPS_v2.1_compressed.pt"
    torch.save({"state_dict": {k: v for k, v in noise.items() if k != lost}}, file)
    with pytest.raises(UserError, match=r"lacks 3 tensors .*vision_model.*layers\.1.*k_proj"):
        HPSv2(str(tmp_path), tokenizer=str(clip)).score(items())
    torch.save({"state_dict": {"unknown": torch.zeros(1)}}, file)
    with pytest.raises(UserError, match=r"no open_clip ViT.*token_embedding"):
        HPSv2(str(file), tokenizer=str(clip)).score(items())


def test_versions_are_different_files(tmp_path):
    (tmp_path / "HPS_v2_compressed.pt").write_bytes(b"x")
    assert HPSv2(str(tmp_path), version="v2.0").checkpoint.weights == "HPS_v2_compressed.pt"
    with pytest.raises(UserError, match=r"has no HPS_v2\.1_compressed\.safetensors or HPS_v2\.1"):
        HPSv2(str(tmp_path)).identity()
