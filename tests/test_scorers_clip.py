"""PickScore and CLIPScore on a tiny CLIP, and the pixels that encoders see."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from tiny_checkpoints import CORPUS, picture, save_model
from tokenizers import Tokenizer, models, pre_tokenizers, processors, trainers
from transformers import CLIPConfig, CLIPImageProcessorPil, CLIPModel, PreTrainedTokenizerFast
from unieval.harness.items import Media, PointItem
from unieval.judges.scorers.clipscore import ClipScore
from unieval.judges.scorers.pickscore import PickScore
from unieval.judges.scorers.transforms import MEAN, STD, cropped, fitted

SIZE, PATCH, WIDTH, WIDE, SHARED, LENGTH, LAYERS, HEADS = 28, 7, 32, 48, 24, 20, 2, 16
TEXTS = ("a red square", "both images are equally good", "a red square")


def save_clip_tokenizer(folder: Path) -> PreTrainedTokenizerFast:
    """A tokenizer that begins and ends texts as CLIP's does; the end is the last token."""
    bpe = Tokenizer(models.BPE())
    bpe.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(
        vocab_size=300, initial_alphabet=alphabet, show_progress=False, special_tokens=[]
    )
    bpe.train_from_iterator(CORPUS, trainer)
    bpe.add_special_tokens(["<|startoftext|>", "<|endoftext|>"])
    ends = [(name, bpe.token_to_id(name)) for name in ("<|startoftext|>", "<|endoftext|>")]
    bpe.post_processor = processors.TemplateProcessing(
        single="<|startoftext|> $A <|endoftext|>", special_tokens=ends
    )
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_object=bpe, eos_token="<|endoftext|>", pad_token="<|endoftext|>"
    )
    tokenizer.save_pretrained(folder)
    return tokenizer


def save_tiny_clip(folder: Path) -> Path:
    """Write a CLIP checkpoint with its tokenizer and image settings into ``folder``."""
    tokenizer = save_clip_tokenizer(folder)
    shared: dict[str, Any] = {
        "intermediate_size": 64,
        "num_hidden_layers": LAYERS,
        "num_attention_heads": HEADS,
        "hidden_act": "gelu",
    }
    config = CLIPConfig(
        text_config={
            **shared,
            "vocab_size": len(tokenizer),
            "hidden_size": WIDTH,
            "max_position_embeddings": LENGTH,
            "bos_token_id": tokenizer.eos_token_id - 1,
            "eos_token_id": tokenizer.eos_token_id,
        },
        vision_config={**shared, "hidden_size": WIDE, "image_size": SIZE, "patch_size": PATCH},
        projection_dim=SHARED,
    )
    save_model(folder, CLIPModel, config, 0)
    size = {"shortest_edge": SIZE}
    CLIPImageProcessorPil(size=size, crop_size=SIZE).save_pretrained(folder)
    return folder


def media(width: int, height: int, seed: int) -> Media:
    buffer = io.BytesIO()
    picture(width, height, seed).save(buffer, "PNG")
    return Media.embedded("image", buffer.getvalue())


def point(text: str, shown: Media) -> PointItem:
    return PointItem("1", "image", "generation", text, shown)


def items(width: int = SIZE, height: int = SIZE) -> list[PointItem]:
    return [point(text, media(width, height, i)) for i, text in enumerate(TEXTS)]


def pixels(seed: int) -> torch.Tensor:
    """The pixels of a picture that is as large as the model sees it."""
    values = torch.tensor(np.asarray(picture(SIZE, SIZE, seed)) / 255).permute(2, 0, 1).float()
    return (values - torch.tensor(MEAN).view(3, 1, 1)) / torch.tensor(STD).view(3, 1, 1)


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    torch.set_num_threads(1)
    return save_tiny_clip(tmp_path_factory.mktemp("clip"))


def direct(folder: Path, prefix: str = "") -> tuple[list[float], float]:
    """Cosines of :func:`items` computed one by one with transformers, and the model's scale."""
    model = CLIPModel.from_pretrained(folder).eval()
    tokenizer = PreTrainedTokenizerFast.from_pretrained(folder)
    found = []
    with torch.inference_mode():
        for i, text in enumerate(TEXTS):
            words = tokenizer([prefix + text], return_tensors="pt", truncation=True, max_length=20)
            words.pop("token_type_ids", None)
            output = model(**words, pixel_values=pixels(i)[None])
            found.append(float(output.image_embeds[0] @ output.text_embeds[0]))
        return found, float(model.logit_scale.exp())


def test_pickscore_is_the_scaled_cosine(clip):
    cosines, scale = direct(clip)
    found = PickScore(str(clip), processor=str(clip)).score(items())
    assert found == pytest.approx([scale * c for c in cosines], abs=1e-5)
    assert len(set(found)) == 3


def test_clipscore_is_the_positive_part_of_the_cosine(clip):
    cosines, _ = direct(clip, "A photo depicts ")
    found = ClipScore(str(clip)).score(items())
    assert found == pytest.approx([2.5 * max(0, c) for c in cosines], abs=1e-5)
    assert 0 in found  # one of them points away from its text
    assert max(found) > 0
    bare, _ = direct(clip)
    assert ClipScore(str(clip), prefix="").score(items()) == (
        pytest.approx([2.5 * max(0, c) for c in bare], abs=1e-5)
    )


# --- pixels ---------------------------------------------------------------------------------------


def unnormalised(seen: torch.Tensor) -> np.ndarray:
    values = seen * torch.tensor(STD).view(3, 1, 1) + torch.tensor(MEAN).view(3, 1, 1)
    return values.permute(1, 2, 0).numpy()


def test_the_middle_is_cut_out():
    shown = picture(41, 30, 1)
    scaled = shown.resize((28 * 41 // 30, 28), Image.Resampling.BICUBIC)
    assert scaled.width == 38
    expected = np.asarray(scaled.crop((5, 0, 33, 28))) / 255
    np.testing.assert_allclose(unnormalised(cropped(shown, 28)), expected, atol=1e-6)
    uneven = picture(31, 28, 1)  # 3 columns too many: torchvision leaves out 2 on the left
    expected = np.asarray(uneven)[:, 2:30] / 255
    np.testing.assert_allclose(unnormalised(cropped(uneven, 28)), expected, atol=1e-6)


def test_the_whole_picture_is_fitted_with_black_beside_it():
    shown = picture(60, 31, 1)
    found = unnormalised(fitted(shown, 28))
    high = round(31 * 28 / 60)
    assert high == 14
    np.testing.assert_allclose(found[:7], 0, atol=1e-6)
    np.testing.assert_allclose(found[-7:], 0, atol=1e-6)
    channels = np.moveaxis(np.asarray(shown, dtype=np.float32) / 255, -1, 0)
    scaled = [Image.fromarray(c).resize((28, high), Image.Resampling.BICUBIC) for c in channels]
    np.testing.assert_allclose(found[7:-7], np.stack(scaled, -1), atol=1e-5)
    np.testing.assert_allclose(
        unnormalised(fitted(picture(28, 20, 1), 28))[4:24],
        np.asarray(picture(28, 20, 1)) / 255,
        atol=1e-6,
    )
