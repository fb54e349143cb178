"""Processors of vision-language checkpoints, for text and images, with or without torchvision."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ...harness.errors import UserError


def load_processor(source: str, *, revision: str = "main", trust_remote_code: bool = False) -> Any:
    """The checkpoint's processor, put together from its parts and padding on the left.

    Pictures are prepared by the PIL image processor even where torchvision is installed, so a
    checkpoint sees the same numbers on every machine. There is no video processor, for which
    transformers would need torchvision.

    Raises:
        UserError: the checkpoint has no chat template.
    """
    from transformers import AutoConfig, AutoImageProcessor, AutoProcessor, AutoTokenizer
    from transformers.models.auto.processing_auto import PROCESSOR_MAPPING

    where: dict[str, Any] = {"revision": revision, "trust_remote_code": trust_remote_code}
    kind = PROCESSOR_MAPPING.get(type(AutoConfig.from_pretrained(source, **where)), None)
    loaders: dict[str, Callable[[], Any]] = {
        "image_processor": lambda: AutoImageProcessor.from_pretrained(
            source, backend="pil", **where
        ),
        "tokenizer": lambda: AutoTokenizer.from_pretrained(source, **where),
        "video_processor": lambda: None,
    }
    if kind is None or not set(kind.get_attributes()) <= set(loaders):
        processor = AutoProcessor.from_pretrained(source, **where)
    else:
        settings, _ = kind.get_processor_dict(source, **where)
        parts = [loaders[name]() for name in kind.get_attributes()]
        processor = _without_video(kind).from_args_and_dict(parts, settings)
    processor.chat_template = processor.chat_template or processor.tokenizer.chat_template
    if processor.chat_template is None:
        raise UserError(
            f"checkpoint {source} has no chat template; add its family's chat_template.jinja to"
            " the folder"
        )
    if processor.tokenizer.pad_token_id is None:
        processor.tokenizer.pad_token = processor.tokenizer.eos_token
    processor.tokenizer.padding_side = "left"
    return processor


def _without_video(kind: Any) -> Any:
    """The processor class, accepting None as its video processor."""

    def check(self: Any, name: str, part: Any) -> Any:
        if part is None:
            return type(None)
        return kind.check_argument_for_proper_class(self, name, part)

    return type(kind.__name__, (kind,), {"check_argument_for_proper_class": check})
