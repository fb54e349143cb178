"""Diffusion pipelines of real classes with random weights, small enough to train in a test.

They have the layout of their families' hub repositories, so everything that loads those is tested.
Pictures are 32 x 32 pixels; prompts are cut into 16 tokens.
"""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import torch
from tokenizers import Tokenizer, models, pre_tokenizers, processors, trainers

CORPUS = ("a red square above a blue circle", "a green triangle moves left", "two yellow stars")
LENGTH = 16
BLOCKS = {"norm_num_groups": 4, "layers_per_block": 1}


def save_tiny_sd(folder: Path, *, seed: int = 0, prediction: str = "epsilon") -> Path:
    """Write a StableDiffusionPipeline (8 x 8 latents of 4 channels) into ``folder``.

    Args:
        folder: where to.
        seed: of the weights.
        prediction: the scheduler's ``prediction_type``.
    """
    from diffusers import DDIMScheduler, StableDiffusionPipeline

    torch.manual_seed(seed)
    StableDiffusionPipeline(
        vae=tiny_vae(),
        text_encoder=tiny_clip(),
        tokenizer=clip_tokenizer(folder),
        unet=tiny_unet(),
        scheduler=DDIMScheduler(
            beta_start=0.00085,
            beta_end=0.012,
            beta_schedule="scaled_linear",
            clip_sample=False,
            set_alpha_to_one=False,
            steps_offset=1,
            prediction_type=prediction,
        ),
        safety_checker=None,
        feature_extractor=None,
        requires_safety_checker=False,
    ).save_pretrained(folder)
    return folder


def save_tiny_pixels(folder: Path, *, seed: int = 0) -> Path:
    """Write a StableDiffusionPipeline of 32 x 32 pixels, without a VAE, into ``folder``.

    Its UNet also predicts a variance, in channels 3 to 5. It generates with output_type="latent".
    """
    from diffusers import StableDiffusionPipeline

    save_tiny_sd(folder, seed=seed)
    shutil.rmtree(folder / "vae")
    pipe = StableDiffusionPipeline.from_pretrained(folder, vae=None)
    torch.manual_seed(seed)
    pipe.unet = tiny_unet(sample_size=32, in_channels=3, out_channels=6, block_out_channels=(8, 16))
    pipe.save_pretrained(folder)
    return folder


def save_tiny_sdxl(folder: Path, *, seed: int = 0) -> Path:
    """Write a StableDiffusionXLPipeline into ``folder``."""
    from diffusers import EulerDiscreteScheduler, StableDiffusionXLPipeline

    torch.manual_seed(seed)
    StableDiffusionXLPipeline(
        vae=tiny_vae(),
        text_encoder=tiny_clip(),
        text_encoder_2=tiny_clip(projection=True),
        tokenizer=clip_tokenizer(folder),
        tokenizer_2=clip_tokenizer(folder),
        unet=tiny_unet(
            cross_attention_dim=64,
            transformer_layers_per_block=(1, 1),
            addition_embed_type="text_time",
            addition_time_embed_dim=8,
            projection_class_embeddings_input_dim=80,  # 6 * 8 of sizes, 32 pooled
            use_linear_projection=True,
        ),
        scheduler=EulerDiscreteScheduler(
            beta_start=0.00085,
            beta_end=0.012,
            beta_schedule="scaled_linear",
            steps_offset=1,
            timestep_spacing="leading",
        ),
        add_watermarker=False,
    ).save_pretrained(folder)
    return folder


def save_tiny_flow(folder: Path, *, seed: int = 0) -> Path:
    """Write a StableDiffusion3Pipeline, a flow-matching transformer, into ``folder``."""
    from diffusers import (
        FlowMatchEulerDiscreteScheduler,
        SD3Transformer2DModel,
        StableDiffusion3Pipeline,
    )

    torch.manual_seed(seed)
    StableDiffusion3Pipeline(
        vae=tiny_vae(16, scaling_factor=1.5305, shift_factor=0.0609),
        text_encoder=tiny_clip(projection=True),
        text_encoder_2=tiny_clip(projection=True),
        text_encoder_3=tiny_t5(),
        tokenizer=clip_tokenizer(folder),
        tokenizer_2=clip_tokenizer(folder),
        tokenizer_3=t5_tokenizer(),
        transformer=SD3Transformer2DModel(
            sample_size=8,
            patch_size=2,
            in_channels=16,
            num_layers=2,
            attention_head_dim=8,
            num_attention_heads=4,
            joint_attention_dim=64,
            caption_projection_dim=32,
            pooled_projection_dim=64,
            out_channels=16,
            pos_embed_max_size=16,
        ).eval(),
        scheduler=FlowMatchEulerDiscreteScheduler(shift=3.0),
    ).save_pretrained(folder)
    return folder


def save_tiny_flux(folder: Path, *, seed: int = 0) -> Path:
    """Write a FluxPipeline, whose transformer takes patches as a sequence, into ``folder``."""
    from diffusers import FlowMatchEulerDiscreteScheduler, FluxPipeline, FluxTransformer2DModel

    torch.manual_seed(seed)
    FluxPipeline(
        vae=tiny_vae(4, scaling_factor=0.3611, shift_factor=0.1159),
        text_encoder=tiny_clip(),
        text_encoder_2=tiny_t5(),
        tokenizer=clip_tokenizer(folder),
        tokenizer_2=t5_tokenizer(),
        transformer=FluxTransformer2DModel(
            patch_size=1,
            in_channels=16,
            num_layers=1,
            num_single_layers=1,
            attention_head_dim=16,
            num_attention_heads=2,
            joint_attention_dim=64,
            pooled_projection_dim=32,
            axes_dims_rope=(4, 4, 8),
            guidance_embeds=True,
        ).eval(),
        scheduler=FlowMatchEulerDiscreteScheduler(shift=3.0, use_dynamic_shifting=True),
    ).save_pretrained(folder)
    return folder


def save_tiny_video(folder: Path, *, seed: int = 0) -> Path:
    """Write a TextToVideoSDPipeline, a UNet over space and time, into ``folder``."""
    from diffusers import DDIMScheduler, TextToVideoSDPipeline, UNet3DConditionModel

    torch.manual_seed(seed)
    TextToVideoSDPipeline(
        vae=tiny_vae(),
        text_encoder=tiny_clip(),
        tokenizer=clip_tokenizer(folder),
        unet=UNet3DConditionModel(
            sample_size=8,
            block_out_channels=(8, 8),
            down_block_types=("CrossAttnDownBlock3D", "DownBlock3D"),
            up_block_types=("UpBlock3D", "CrossAttnUpBlock3D"),
            cross_attention_dim=32,
            attention_head_dim=4,
            **BLOCKS,
        ).eval(),
        scheduler=DDIMScheduler(
            beta_start=0.00085, beta_end=0.012, beta_schedule="scaled_linear", clip_sample=False
        ),
    ).save_pretrained(folder)
    return folder


def save_tiny_wan(folder: Path, *, seed: int = 0) -> Path:
    """Write a WanPipeline, a flow-matching video transformer, into ``folder``.

    Its VAE makes 5 frames of 32 x 32 pixels 2 latent frames of 4 x 4.
    """
    from diffusers import (
        AutoencoderKLWan,
        UniPCMultistepScheduler,
        WanPipeline,
        WanTransformer3DModel,
    )

    torch.manual_seed(seed)
    WanPipeline(
        tokenizer=t5_tokenizer(),
        text_encoder=tiny_t5(umt5=True),
        vae=AutoencoderKLWan(
            base_dim=3,
            z_dim=16,
            dim_mult=[1, 1, 1, 1],
            num_res_blocks=1,
            temperal_downsample=[False, True, True],
        ).eval(),
        transformer=WanTransformer3DModel(
            patch_size=(1, 2, 2),
            num_attention_heads=2,
            attention_head_dim=12,
            in_channels=16,
            out_channels=16,
            text_dim=64,
            freq_dim=32,
            ffn_dim=32,
            num_layers=2,
            rope_max_seq_len=32,
        ).eval(),
        scheduler=UniPCMultistepScheduler(
            prediction_type="flow_prediction", use_flow_sigmas=True, flow_shift=3.0
        ),
    ).save_pretrained(folder)
    return folder


def tiny_vae(channels: int = 4, **given: Any) -> Any:
    """An image VAE that makes 32 x 32 pixels 8 x 8 latents."""
    from diffusers import AutoencoderKL

    return AutoencoderKL(
        block_out_channels=(8, 8, 8),
        down_block_types=("DownEncoderBlock2D",) * 3,
        up_block_types=("UpDecoderBlock2D",) * 3,
        latent_channels=channels,
        sample_size=32,
        **BLOCKS,
        **given,
    ).eval()


def tiny_unet(**given: Any) -> Any:
    """A UNet, over 8 x 8 latents unless told otherwise."""
    from diffusers import UNet2DConditionModel

    return UNet2DConditionModel(
        **{
            "sample_size": 8,
            "block_out_channels": (16, 32),
            "down_block_types": ("DownBlock2D", "CrossAttnDownBlock2D"),
            "up_block_types": ("CrossAttnUpBlock2D", "UpBlock2D"),
            "cross_attention_dim": 32,
            "attention_head_dim": (4, 4),
            **BLOCKS,
            **given,
        }
    ).eval()


def tiny_clip(*, projection: bool = False) -> Any:
    """A CLIP text encoder of 32 features, with a projection where a pooled embedding is wanted."""
    from transformers import CLIPTextConfig, CLIPTextModel, CLIPTextModelWithProjection

    config = CLIPTextConfig(
        vocab_size=len(_words().get_vocab()),
        hidden_size=32,
        intermediate_size=37,
        num_hidden_layers=2,
        num_attention_heads=4,
        max_position_embeddings=LENGTH,
        projection_dim=32,
        bos_token_id=0,
        eos_token_id=1,
        pad_token_id=1,
    )
    return (CLIPTextModelWithProjection if projection else CLIPTextModel)(config).eval()


def tiny_t5(*, umt5: bool = False) -> Any:
    """A T5 encoder of 64 features."""
    from transformers import T5Config, T5EncoderModel, UMT5Config, UMT5EncoderModel

    given = {
        "vocab_size": len(t5_tokenizer()),
        "d_model": 64,
        "d_kv": 8,
        "d_ff": 37,
        "num_layers": 2,
        "num_heads": 4,
    }
    if umt5:
        return UMT5EncoderModel(UMT5Config(**given)).eval()
    return T5EncoderModel(T5Config(**given)).eval()


def t5_tokenizer() -> Any:
    """Words of the corpus, with the tokens that T5 has."""
    from transformers import PreTrainedTokenizerFast

    words = ["<pad>", "</s>", "<unk>", *sorted({w for line in CORPUS for w in line.split()})]
    tokenizer = Tokenizer(models.WordLevel({word: i for i, word in enumerate(words)}, "<unk>"))
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    tokenizer.post_processor = processors.TemplateProcessing(
        single="$A </s>", special_tokens=[("</s>", 1)]
    )
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, pad_token="<pad>", eos_token="</s>", unk_token="<unk>"
    )


def clip_tokenizer(folder: Path) -> Any:
    """A byte-level BPE that CLIP's tokenizer class reads from its two files."""
    from transformers import CLIPTokenizer

    parts = folder / "parts"
    parts.mkdir(parents=True, exist_ok=True)
    _words().model.save(str(parts))
    tokenizer = CLIPTokenizer(
        str(parts / "vocab.json"), str(parts / "merges.txt"), model_max_length=LENGTH
    )
    for file in parts.iterdir():
        file.unlink()
    parts.rmdir()
    return tokenizer


def _words() -> Tokenizer:
    tokenizer = Tokenizer(models.BPE(end_of_word_suffix="</w>"))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.train_from_iterator(
        CORPUS,
        trainers.BpeTrainer(
            vocab_size=600,
            special_tokens=["<|startoftext|>", "<|endoftext|>"],
            initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
            end_of_word_suffix="</w>",
            show_progress=False,
        ),
    )
    return tokenizer
