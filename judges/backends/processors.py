"""Processors of vision-language checkpoints, for text and images, with or without torchvision."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ...harness.errors import UserError
from .chats import TemplateArguments
from .videos import video_processor


def load_processor(source: str, *, revision: str = "main", trust_remote_code: bool = False) -> Any:
    """The checkpoint's processor, put together from its parts and padding on the left.

    Pictures are prepared by the PIL image processor even where torchvision is installed, so a
    checkpoint sees the same numbers on every machine. Its video processor is ours, see
    :mod:`.videos`, or None for a family that is not known there.

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
        if "video_processor" in kind.get_attributes():
            processor.video_processor = video_processor(
                processor.image_processor, source, settings, revision
            )
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


def with_template_arguments(processor: Any, arguments: TemplateArguments) -> Any:
    """The processor, whose chat template has these settings from now on."""
    given = "".join(f"{{%- set {name} = {str(value).lower()} -%}}" for name, value in arguments)
    processor.chat_template = given + processor.chat_template
    return processor


def _without_video(kind: Any) -> Any:
    """The processor class, with no video processor of transformers' own."""

    def check(self: Any, name: str, part: Any) -> Any:
        if part is None:
            return type(None)
        return kind.check_argument_for_proper_class(self, name, part)

    def settings(self: Any) -> dict[str, Any]:
        whole: dict[str, Any] = kind.to_dict(self)
        return {name: part for name, part in whole.items() if name != "video_processor"}

    own = {"check_argument_for_proper_class": check, "to_dict": settings}
    return type(kind.__name__, (kind,), own)
