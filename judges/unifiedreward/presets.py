"""The public UnifiedReward checkpoints and the ways of asking them, as data.

Where each hub id was seen (CodeGoat24/UnifiedReward on GitHub unless another place is named):

- 1.0 and 1.5: the badges of README.md in its versions of spring 2025
- 2.0 ``qwen``: README.md, commit 0309982; 2.0 and Edit ``qwen3vl``, Edit ``qwen``: commit d9b748d
- 2.0 ``qwen35-4b``: its model card; ``qwen35-9b``: public projects that serve it by that id
- Edit ``qwen35-9b``: UnifiedReward-Edit/vllm_server.sh, commit 53e1343
- Think: UnifiedReward-Think/README.md, commit 0615caf; ``qwen35-9b``: the vllm_server.sh of
  UnifiedReward-Think-qwen3-inference, commit 53e1343
- Flex: UnifiedReward-Flex/vllm_server.sh, commit d9b748d

The authors released more sizes of Flex and of the ``qwen35`` ones; those are not listed here,
because no source was seen that names their ids in full. Dimensions, formats and numbers of frames
are those of the authors' scripts at commit ff6f520. The repository and the model cards that were
seen say MIT; the checkpoints' bases have licences of their own.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

from ...harness.errors import not_found
from ...harness.judge import ALL_MODALITIES, ALL_OBJECTIVES, Supports

Subject = Literal[
    "image_generation",
    "image_edit",
    "image_understanding",
    "image_interleaved",
    "video_generation",
    "video_understanding",
]
"""What a question is about; an edit is a generation whose item has a source image."""

SUBJECTS: tuple[Subject, ...] = (
    "image_generation",
    "image_edit",
    "image_understanding",
    "video_generation",
    "video_understanding",
)
"""What the family's checkpoints are asked about."""


@dataclass(frozen=True)
class Questions:
    """One way of asking a checkpoint.

    ``prompts`` is the folder of templates below ``judges/prompts``, ``grammar`` reads the answers,
    ``subjects`` is what it asks about, of two candidates (``pairwise``) or of one (``pointwise``).
    ``frames`` is how many frames of each video are shown, ``point_frames`` how many of one that
    is shown alone, where that differs. ``immediate``: the answer starts with the verdict phrase, or
    with ``Final Score:``, so that it can be read from log-probabilities.
    """

    name: str
    prompts: str
    grammar: str
    max_new_tokens: int
    subjects: tuple[Subject, ...] = SUBJECTS
    pairwise: bool = True
    pointwise: bool = False
    frames: int = 8
    point_frames: int | None = None
    immediate: bool = False

    @property
    def supports(self) -> Supports:
        """What can be asked so, as far as a plan tells; edits are generations to it."""
        asked = [subject.replace("edit", "generation") for subject in self.subjects]
        return Supports(
            modalities=frozenset(m for m in ALL_MODALITIES if any(m in s for s in asked)),
            objectives=frozenset(o for o in ALL_OBJECTIVES if any(o in s for s in asked)),
            pairwise=self.pairwise,
            pointwise=self.pointwise,
            grading=True,
        )

    @property
    def templates(self) -> tuple[str, ...]:
        """File names of the templates that it uses; what has none of them cannot be asked so."""
        kinds = [""] * self.pairwise + ["_point"] * self.pointwise
        return tuple(f"{subject}{kind}.j2" for subject in self.subjects for kind in kinds)


@dataclass(frozen=True)
class Preset:
    """One public checkpoint; the first of its ``questions`` is the one to use by default.

    ``base`` is the model whose architecture, processor and chat template it has; ``chat`` are
    arguments for that template, by name. ``max_pixels`` is the largest picture that it is shown.
    """

    name: str
    checkpoint: str
    base: str
    size: str
    licence: str
    questions: tuple[Questions, ...]
    max_pixels: int
    summary: str
    chat: tuple[tuple[str, bool], ...] = ()

    def asked(self, name: str | None = None) -> Questions:
        """The questions of that name, or the default ones.

        Raises:
            UserError: it has none of that name; the message suggests one.
        """
        if name is None:
            return self.questions[0]
        named = {questions.name: questions for questions in self.questions}
        if name not in named:
            raise not_found(f"{self.name}'s questions", name, named)
        return named[name]


DIRECT = Questions(
    name="direct",
    prompts="unifiedreward",
    grammar="unifiedreward",
    max_new_tokens=64,
    pointwise=True,
    immediate=True,
)
"""A verdict or a score at once, as UnifiedReward 1.0 gives it; later versions still do."""

ANY = replace(DIRECT, subjects=(*SUBJECTS, "image_interleaved"))
"""The same, and about answers that mix texts and images, of which the family has seen none."""

SCORES = Questions(
    name="scores",
    prompts="unifiedreward-2.0-scores",
    grammar="unifiedreward-2.0-scores",
    max_new_tokens=512,  # six numbers of up to 18 digits, a token each
    subjects=("image_generation", "video_generation"),
    pointwise=True,
    point_frames=16,
)
"""A score for each of three dimensions."""

REASONED = Questions(
    name="reasoned",
    prompts="unifiedreward-think",
    grammar="unifiedreward-think",
    max_new_tokens=4096,
    subjects=(
        "image_generation",
        "image_understanding",
        "video_generation",
        "video_understanding",
    ),
)
"""A verdict after reasoning; no ties, and pairs only, on which alone it was trained."""

VERDICT = Questions(
    name="verdict",
    prompts="unifiedreward-edit",
    grammar="unifiedreward-edit",
    max_new_tokens=64,
    subjects=("image_edit",),
)
"""Which of two edits of an image is better.

Not read from log-probabilities: the public question does not state the answer's form, so how the
checkpoints begin it is not on record.
"""

EDIT_SCORES = Questions(
    name="scores",
    prompts="unifiedreward-edit-scores",
    grammar="unifiedreward-edit-scores",
    max_new_tokens=128,
    subjects=("image_edit",),
)
"""One number for each of two edits, above or below zero."""

FOLLOWING = Questions(
    name="following",
    prompts="unifiedreward-edit-following",
    grammar="unifiedreward-edit-scores",
    max_new_tokens=1024,
    subjects=("image_edit",),
    pairwise=False,
    pointwise=True,
)
"""How well one edit does what was asked, and how little else it changes."""

QUALITY = Questions(
    name="quality",
    prompts="unifiedreward-edit-quality",
    grammar="unifiedreward-edit-scores",
    max_new_tokens=1024,
    subjects=("image_edit",),
    pairwise=False,
    pointwise=True,
)
"""How natural and how free of artifacts one edited image is."""

GENERATED_IMAGES = replace(DIRECT, subjects=("image_generation",))
"""As ``direct``, about images made from a text, which the Edit checkpoints judge too."""

CATEGORIES = Questions(
    name="categories",
    prompts="unifiedreward-flex",
    grammar="unifiedreward-flex",
    max_new_tokens=4096,
    subjects=("image_generation", "video_generation"),
)
"""A winner after dimensions that are chosen to suit the prompt; no ties."""

_LLAVA = "lmms-lab/llava-onevision-qwen2-{}-ov"
_QWEN = "Qwen/Qwen2.5-VL-{}-Instruct"
_QWEN3 = "Qwen/Qwen3-VL-{}-Instruct"
_QWEN35 = "Qwen/Qwen3.5-{}"


def _preset(
    checkpoint: str, base: str, *questions: Questions, summary: str, max_pixels: int = 512 * 512
) -> Preset:
    """A preset of the authors' checkpoint whose name ends in its size, as in ``...-qwen-7b``."""
    size = next(part for part in reversed(checkpoint.split("-")) if part.endswith("b"))
    upper = size if base == _LLAVA else size.upper()
    # The vLLM commands of the authors turn Qwen3.5's own thinking off.
    chat = (("enable_thinking", False),) if base == _QWEN35 else ()
    return Preset(
        name=checkpoint.lower(),
        checkpoint=f"CodeGoat24/{checkpoint}",
        base=base.format(upper),
        size=size.upper(),
        licence="mit",
        questions=questions,
        max_pixels=max_pixels,
        summary=summary,
        chat=chat,
    )


_ONE = "Judges images, videos and answers about them, in pairs and singly."
_TWO = "UnifiedReward trained further; also scores alignment, coherence or physics, and style."
_THINK = "Reasons step by step before its verdict; pairs."
_EDIT = "Judges edits of images, in pairs and singly, and images made from a text."
_FLEX = "Chooses what to judge a pair of generated images or videos on, then names the winner."

PRESETS: tuple[Preset, ...] = (
    _preset("UnifiedReward-0.5b", _LLAVA, DIRECT, summary=_ONE),
    _preset("UnifiedReward-7b", _LLAVA, DIRECT, summary=_ONE),
    _preset("UnifiedReward-7b-v1.5", _LLAVA, DIRECT, summary=_ONE),
    *(
        _preset(f"UnifiedReward-qwen-{size}", _QWEN, DIRECT, summary=_ONE)
        for size in ("3b", "7b", "32b")
    ),
    *(
        _preset(f"UnifiedReward-2.0-qwen-{size}", _QWEN, DIRECT, SCORES, summary=_TWO)
        for size in ("3b", "7b", "32b", "72b")
    ),
    *(
        _preset(f"UnifiedReward-2.0-qwen3vl-{size}", _QWEN3, DIRECT, SCORES, summary=_TWO)
        for size in ("2b", "4b", "8b", "32b")
    ),
    *(
        _preset(f"UnifiedReward-2.0-qwen35-{size}", _QWEN35, DIRECT, SCORES, summary=_TWO)
        for size in ("4b", "9b")
    ),
    _preset("UnifiedReward-Think-7b", _LLAVA, REASONED, DIRECT, summary=_THINK),
    _preset(
        "UnifiedReward-Think-qwen-7b",
        _QWEN,
        REASONED,
        DIRECT,
        summary=_THINK,
        max_pixels=384 * 384,  # as in its training; it is not robust to much larger pictures
    ),
    *(
        _preset(f"UnifiedReward-Think-qwen3vl-{size}", _QWEN3, REASONED, DIRECT, summary=_THINK)
        for size in ("2b", "4b", "8b", "32b")
    ),
    _preset("UnifiedReward-Think-qwen35-9b", _QWEN35, REASONED, DIRECT, summary=_THINK),
    *(
        _preset(
            f"UnifiedReward-Edit-{name}",
            base,
            VERDICT,
            EDIT_SCORES,
            FOLLOWING,
            QUALITY,
            GENERATED_IMAGES,
            summary=_EDIT,
        )
        for base, names in (
            (_QWEN, ("qwen-3b", "qwen-7b", "qwen-32b", "qwen-72b")),
            (_QWEN3, ("qwen3vl-2b", "qwen3vl-4b", "qwen3vl-8b", "qwen3vl-32b")),
            (_QWEN35, ("qwen35-9b",)),
        )
        for name in names
    ),
    _preset("UnifiedReward-Flex-qwen3vl-8b", _QWEN3, CATEGORIES, summary=_FLEX),
)
"""All of them; the order is that of the family's history."""


def find_preset(name: str) -> Preset:
    """The preset of that name, in any case.

    Raises:
        UserError: there is none; the message suggests one.
    """
    named = {preset.name: preset for preset in PRESETS}
    if name.lower() not in named:
        raise not_found("UnifiedReward checkpoint", name, named)
    return named[name.lower()]
