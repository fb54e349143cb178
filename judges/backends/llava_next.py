"""Checkpoints of LLaVA-NeXT's own code, run as transformers' LLaVA-OneVision.

UnifiedReward-7b is one: Qwen2 with a SigLIP tower, trained from ``llava-onevision-qwen2-7b-ov``.
transformers does not know what its ``config.json`` describes, but has the same network as
``LlavaOnevisionForConditionalGeneration``. Here the configuration is translated, the tensors go
from the files straight to their places in the model, and the processor is made from the folder's
tokenizer.

How images are shown
    The only image of a chat: a picture of the whole, then tiles of the size that fits it best, as
    in LLaVA-NeXT. Of several images, frames of a video among them, each is padded to a square and
    shown as one tile with a line break after it: 730 places, for SigLIP so400m. That is
    transformers' rule, and for a pair that of the training code that UnifiedReward published
    (``llava_think/train/train.py``). More than two images are one video to that code: frames
    pooled two by two, as clips are here.

Where UnifiedReward's public scripts differ
    Those for pairs of images and for frames stretch all to 512 by 512 first. They then show each
    image of a pair in tiles, 3,699 places for so400m; ``tiled_images=2`` does the same. They show
    a frame with no line break after it, in 729 places. They write a space after the line break
    between two images; a chat with a text of one space there does the same.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ...harness.errors import UserError
from .llava_next_config import is_llava_next, is_tied, knows_videos, onevision_config
from .llava_next_files import Tensors, checkpoint_folder, named, read_config
from .videos import video_processor

__all__ = [
    "is_llava_next",
    "load_llava_next",
    "load_llava_next_model",
    "load_llava_next_processor",
]

CHAT_TEMPLATE = (
    "{% for message in messages %}"
    "{% if loop.first and message['role'] != 'system' %}"
    "{{ '<|im_start|>system\\nYou are a helpful assistant.<|im_end|>\\n' }}"
    "{% endif %}"
    "{{ '<|im_start|>' + message['role'] + '\\n' }}"
    "{% if message['content'] is string %}{{ message['content'] }}{% else %}"
    "{% for part in message['content'] %}"
    "{% if part['type'] == 'image' %}{{ '<image>\\n' }}"
    "{% elif part['type'] == 'video' %}{{ '<video>\\n' }}"
    "{% else %}{{ part['text'] }}{% endif %}"
    "{% endfor %}{% endif %}"
    "{{ '<|im_end|>\\n' }}"
    "{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{% endif %}"
)
"""LLaVA-NeXT's conversation ``qwen_1_5``, with media where they stand among the texts."""

_IMAGE, _VIDEO, _END = "<image>", "<video>", "<|im_end|>"
# transformers' tower makes with these only what is not used, so a checkpoint may lack them
_OPTIONAL = {f"model.vision_tower.post_layernorm.{kind}" for kind in ("weight", "bias")}
_HEAD = "lm_head.weight"
_TABLES = ("model.language_model.embed_tokens.weight", _HEAD)


def load_llava_next(
    source: str,
    *,
    revision: str | None = None,
    dtype: str = "auto",
    device_map: str = "cpu",
    attention: str | None = None,
    tiled_images: int = 1,
) -> tuple[Any, Any]:
    """The model and the processor, as the two functions below make them."""
    opened = _open(source, revision)
    return _model(opened, dtype, device_map, attention), _processor(opened, tiled_images)


def load_llava_next_model(
    source: str,
    *,
    revision: str | None = None,
    dtype: str = "auto",
    device_map: str = "cpu",
    attention: str | None = None,
    **options: Any,
) -> Any:
    """The checkpoint as transformers' LLaVA-OneVision, ready to answer.

    Tensors are read one by one and go straight to their device. Nothing is guessed: a tensor that
    has no place, or a place that has no tensor, is told before any weight is read.

    Args:
        source: folder or hub id. Of a hub checkpoint only safetensors, JSON and text are fetched.
        revision: branch, tag or commit of a hub checkpoint.
        dtype: number format of the weights in memory; ``auto`` is the checkpoint's own.
        device_map: as transformers takes it: ``cpu``, ``cuda:0``, ``auto``.
        attention: attention implementation; the default is the model's own choice.
        options: more arguments of ``from_pretrained``.

    Raises:
        UserError: no safetensors files, tensors that are unknown, missing or of a wrong shape, or
            a kind of LLaVA-NeXT checkpoint that LLaVA-OneVision cannot stand for.
    """
    return _model(_open(source, revision), dtype, device_map, attention, **options)


def load_llava_next_processor(
    source: str, *, revision: str | None = None, tiled_images: int = 1
) -> Any:
    """The checkpoint's processor, padding on the left.

    The chat template is the folder's own if it places images, else :data:`CHAT_TEMPLATE`. (The
    usual folder has the text-only template of the language model, which LLaVA-NeXT never reads.)

    Args:
        source: folder or hub id.
        revision: branch, tag or commit of a hub checkpoint.
        tiled_images: a chat of at most so many images shows each of them in tiles. 1 is
            transformers' rule, 2 that of UnifiedReward's public scripts.

    Raises:
        UserError: as :func:`load_llava_next_model`, since sizes come from the tensors.
    """
    return _processor(_open(source, revision), tiled_images)


@dataclass(frozen=True, slots=True)
class _Opened:
    """A checkpoint whose weights are not read yet: what its folder says, and transformers' config.

    ``tied``: the output layer is the table of embeddings.
    """

    folder: Path
    said: Mapping[str, Any]
    tensors: Tensors
    tokenizer: Any
    config: Any
    tied: bool


def _open(source: str, revision: str | None) -> _Opened:
    folder = checkpoint_folder(source, revision)
    said, tensors, tokenizer = read_config(folder), Tensors.of(folder), _tokenizer(folder)
    image_token, video_token = tokenizer.convert_tokens_to_ids([_IMAGE, _VIDEO])
    config = onevision_config(said, tensors.shapes, (image_token, video_token), str(folder))
    return _Opened(folder, said, tensors, tokenizer, config, is_tied(said, tensors.shapes))


def _tokenizer(folder: Path) -> Any:
    """The folder's tokenizer with a token for images and one for videos.

    LLaVA-NeXT needs none: it cuts the text at ``<image>``. A token of that name cuts it the same.
    """
    from transformers import AddedToken, AutoTokenizer, PreTrainedConfig

    # the folder's own config.json would mislead transformers, so it is given one that says nothing
    tokenizer = AutoTokenizer.from_pretrained(folder, config=PreTrainedConfig())
    if tokenizer.convert_tokens_to_ids(_END) in (None, tokenizer.unk_token_id):
        raise UserError(
            f"the tokenizer of {folder} has no token {_END}, so it is not one of Qwen; put the"
            " tokenizer files of its base checkpoint into the folder"
        )
    media = [AddedToken(token, special=True, normalized=False) for token in (_IMAGE, _VIDEO)]
    tokenizer.add_tokens(media, special_tokens=True)
    if _IMAGE not in str(tokenizer.chat_template):
        tokenizer.chat_template = CHAT_TEMPLATE
    if tokenizer.pad_token_id is None:
        tokenizer.pad_token = tokenizer.eos_token or _END
    tokenizer.padding_side = "left"
    return tokenizer


def _processor(opened: _Opened, tiled_images: int) -> Any:
    from transformers import LlavaOnevisionImageProcessorPil

    config, vision = opened.config, opened.config.vision_config
    size = vision.image_size
    settings = {  # SigLIP's, as LLaVA-NeXT has them: numbers from -1 to 1
        "size": {"height": size, "width": size},
        "image_mean": [0.5] * 3,
        "image_std": [0.5] * 3,
        "image_grid_pinpoints": config.image_grid_pinpoints,
    }
    images = LlavaOnevisionImageProcessorPil(**settings)
    videos = video_processor(images, str(opened.folder), {}, "main")

    return _processor_class()(
        image_processor=images if tiled_images == 1 else _tiling(tiled_images)(**settings),
        tokenizer=opened.tokenizer,
        video_processor=videos if knows_videos(opened.said) else None,
        num_image_tokens=(size // vision.patch_size) ** 2,
        vision_feature_select_strategy=config.vision_feature_select_strategy,
        vision_aspect_ratio=config.vision_aspect_ratio,
        chat_template=opened.tokenizer.chat_template,
    )


def _processor_class() -> Any:
    """The family's processor, which takes our own preparation of videos for transformers'."""
    from transformers import LlavaOnevisionProcessor as Family

    def check(self: Any, name: str, part: Any) -> Any:
        if name == "video_processor":
            return type(part)
        return Family.check_argument_for_proper_class(self, name, part)

    def settings(self: Any) -> dict[str, Any]:
        whole: dict[str, Any] = Family.to_dict(self)
        return {name: part for name, part in whole.items() if name != "video_processor"}

    own = {"check_argument_for_proper_class": check, "to_dict": settings}
    return type(Family.__name__, (Family,), own)


def _tiling(most: int) -> Any:
    """An image processor that cuts into tiles up to so many images of a chat, and not one alone.

    Its name is its own, so that nothing takes it for transformers'.
    """
    from transformers import LlavaOnevisionImageProcessorPil

    def prepare(self: Any, images: Any, counts: list[int], **options: Any) -> Any:
        # processor and model too cut what these counts tell to be the only image of a chat
        split = [one for count in counts for one in ([1] * count if count <= most else [count])]
        return LlavaOnevisionImageProcessorPil._preprocess(self, images, split, **options)

    name = "TilingLlavaOnevisionImageProcessorPil"
    return type(name, (LlavaOnevisionImageProcessorPil,), {"_preprocess": prepare})


def _model(
    opened: _Opened, dtype: str, device_map: str, attention: str | None, **options: Any
) -> Any:
    from transformers import LlavaOnevisionForConditionalGeneration

    own = opened.config.dtype or opened.tensors.dtype
    with opened.tensors.reading() as read:
        model, report = LlavaOnevisionForConditionalGeneration.from_pretrained(
            None,
            config=opened.config,
            state_dict=_weights(opened, read),
            dtype=own if dtype == "auto" else dtype,
            device_map=device_map,
            output_loading_info=True,
            **({} if attention is None else {"attn_implementation": attention}),
            **options,
        )
    if lost := sorted(report["missing_keys"]):  # all were there: their names were changed again
        raise UserError(
            f"the installed transformers does not take {len(lost)} weights of {opened.folder}"
            f" ({lost[0]}, ...); install another version of it"
        )
    model.generation_config = _generation_config(opened)
    return model.eval()


def _weights(opened: _Opened, read: Any) -> dict[str, Any]:
    """What goes to each place in the model: tensors still in their files, but for grown tables."""
    import torch

    shapes = _model_shapes(opened.config)
    if opened.tied:
        del shapes[_HEAD]
    grown = {place: _rows(opened) for place in _TABLES}
    layers = opened.config.vision_config.num_hidden_layers
    names = named(opened.tensors, shapes, grown, _OPTIONAL, layers, opened.folder)
    weights = {place: read(name) for place, name in names.items()}
    for place in _OPTIONAL - names.keys():
        weights[place] = torch.zeros(shapes[place])
    for place in names.keys() & grown.keys():
        if more := shapes[place][0] - grown[place]:
            # Media tokens are only ever read. A row that repeats that of padding is no answer
            # either: of equal scores, that of the lowest id counts as the largest.
            table = weights[place][:]
            row = table[opened.tokenizer.pad_token_id]
            weights[place] = torch.cat([table, row.repeat(more, 1)])
    return weights


def _rows(opened: _Opened) -> int:
    return opened.tensors.shapes["model.embed_tokens.weight"][0]


def _model_shapes(config: Any) -> dict[str, tuple[int, ...]]:
    """Names and shapes of the model's weights, found out without memory for them."""
    import torch
    from transformers import LlavaOnevisionForConditionalGeneration

    with torch.device("meta"):
        model = LlavaOnevisionForConditionalGeneration(config)
    return {name: tuple(weight.shape) for name, weight in model.state_dict().items()}


def _generation_config(opened: _Opened) -> Any:
    """The folder's own, whose answers also end where the chat template ends a turn."""
    from transformers import GenerationConfig

    given = (opened.folder / "generation_config.json").is_file()
    made = GenerationConfig.from_pretrained(opened.folder) if given else GenerationConfig()
    ends = made.eos_token_id if made.eos_token_id is not None else opened.said.get("eos_token_id")
    known = ends if isinstance(ends, list) else [ends]
    end = opened.tokenizer.convert_tokens_to_ids(_END)
    made.eos_token_id = sorted({end, *(token for token in known if token is not None)})
    return made
