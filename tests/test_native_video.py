"""Videos sent as videos, and media placed among texts: what the checkpoint's family gets."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from test_vlm_judge import clip, media, request
from tiny_checkpoints import copy, picture
from unieval.harness.errors import MediaError, UserError
from unieval.harness.run import Settings, execute, prepare
from unieval.harness.video import sample_clip, sample_frames
from unieval.judges.backends.backend import Reply
from unieval.judges.backends.chats import Chat, Clip, model_inputs, placed, written
from unieval.judges.backends.processors import load_processor
from unieval.judges.backends.transformers import TransformersModel
from unieval.judges.backends.videos import PatchedVideos
from unieval.judges.vlm import VisionLanguageJudge

pytestmark = pytest.mark.usefixtures("one_thread")

# As LLaVA-OneVision's hub checkpoints have it: all images, then all videos, then the text.
MEDIA_FIRST = r"""{%- for message in messages -%}
<|im_start|>{{ message.role }} {% for part in message.content if part.type == 'image' -%}
<image>{%- endfor -%}{%- for part in message.content if part.type == 'video' -%}
<video>{%- endfor -%}{%- for part in message.content if part.type == 'text' -%}
{{ '\n' + part.text }}{%- endfor -%}<|im_end|>
{% endfor -%}
{%- if add_generation_prompt -%}<|im_start|>assistant
{% endif -%}
"""


@pytest.fixture(params=["qwen", "llava"])
def either(request: pytest.FixtureRequest) -> Path:
    folder: Path = request.getfixturevalue(request.param)
    return folder


def ask(model: TransformersModel, chats: list[Chat], **options: Any) -> list[Reply]:
    return model.generate([model.prepare(chat) for chat in chats], **options)


def film(count: int, size: tuple[int, int] = (56, 56), seed: int = 0, fps: float = 2.0) -> Clip:
    return Clip(tuple(picture(*size, 10 * seed + i) for i in range(count)), fps)


MIXED = [
    Chat((film(4, seed=1), "what happens?"), 1),
    Chat((picture(40, 60, 1), "one picture", picture(64, 64, 2), "another"), 2),
    Chat(("no media at all",), 3),
    Chat(("first ", film(4, (60, 30), seed=2), " then ", picture(30, 30, 3), " which?"), 4),
    Chat((film(4, seed=3, fps=0.5), film(4, (90, 40), seed=4), "two videos"), 5),
    Chat((picture(50, 50, 5), film(4, seed=5), "source and result"), 6),
    Chat((film(4, seed=1), "what happens?", picture(64, 64, 9)), 7),
    Chat((picture(33, 44, 6), "short"), 8),
]


@pytest.mark.parametrize("temperature", [0.0, 1.0])
def test_batches_of_images_and_clips_equal_single_chats(either: Path, temperature: float) -> None:
    model = TransformersModel(str(either), device="cpu")
    options: dict[str, Any] = {"max_new_tokens": 6, "temperature": temperature}
    batched = ask(model, MIXED, **options)
    assert batched == [ask(model, [chat], **options)[0] for chat in MIXED]
    assert len({reply.text for reply in batched}) == len(MIXED)


def test_where_a_medium_stands_matters(either: Path) -> None:
    model = TransformersModel(str(either), device="cpu")
    a, b, v = picture(64, 64, 1), picture(64, 64, 2), film(4)
    orders = [(a, "x", b, "y", v), (b, "x", a, "y", v), (a, "x", v, "y", b), (a, b, v, "x", "y")]
    replies = ask(model, [Chat(parts) for parts in orders], max_new_tokens=8)
    assert len({reply.text for reply in replies}) == len(orders)


# --- the tensors ---------------------------------------------------------------------------------


def patches(pixels: np.ndarray, patch: int, merge: int, deep: int) -> np.ndarray:
    """Qwen-VL's patches of (frames, channels, height, width), one after the other, in loops."""
    frames, channels, height, width = pixels.shape
    found = []
    block = patch * merge
    for t in range(0, frames, deep):
        for top in range(0, height, block):
            for left in range(0, width, block):
                for y in range(top, top + block, patch):
                    for x in range(left, left + block, patch):
                        cube = pixels[t : t + deep, :, y : y + patch, x : x + patch]
                        found.append([cube[d, c] for c in range(channels) for d in range(deep)])
    return np.array(found).reshape(len(found), -1)


@pytest.mark.parametrize("count", [1, 4, 5])
def test_qwens_patches_hold_consecutive_frames(qwen: Path, count: int) -> None:
    processor = load_processor(str(qwen))
    shown = film(count, (84, 56))  # sizes that need no resizing
    inputs = model_inputs(processor, [Chat((shown, "?"))])
    images = processor.image_processor
    mean, std = (np.array(x)[:, None, None] for x in (images.image_mean, images.image_std))
    frames = [np.asarray(f).transpose(2, 0, 1) / 255 for f in shown.frames]
    frames += frames[-1:] * (count % 2)
    expected = patches((np.array(frames) - mean) / std, 14, 2, 2)
    np.testing.assert_allclose(inputs["pixel_values_videos"].numpy(), expected, atol=1e-5)
    steps = (count + 1) // 2
    assert inputs["video_grid_thw"].tolist() == [[steps, 4, 6]]
    assert inputs["second_per_grid_ts"].tolist() == [1.0]  # two frames, two a second
    kinds = inputs["mm_token_type_ids"][0].tolist()
    assert kinds.count(2) == steps * 2 * 3
    assert (inputs["input_ids"][0] == processor.video_token_id).tolist() == [k == 2 for k in kinds]


def test_equal_frames_are_the_image(qwen: Path) -> None:
    processor = load_processor(str(qwen))
    image = picture(100, 45)
    clip_, still = (
        model_inputs(processor, [Chat((part, "?"))]) for part in (Clip((image,) * 4, 1.0), image)
    )
    twice = still["pixel_values"].repeat(2, 1)
    assert torch.equal(clip_["pixel_values_videos"], twice)
    (grid,) = still["image_grid_thw"].tolist()
    assert clip_["video_grid_thw"].tolist() == [[2, *grid[1:]]]


def test_llavas_frames_are_scaled_to_one_size(llava: Path) -> None:
    processor = load_processor(str(llava))
    shown, other = film(3, (28, 28)), film(3, (90, 30), seed=1)
    inputs = model_inputs(processor, [Chat((shown, "?")), Chat((other, "?"))])
    images = processor.image_processor
    mean, std = (np.array(x)[:, None, None] for x in (images.image_mean, images.image_std))
    for video, clip_ in zip(inputs["pixel_values_videos"].numpy(), (shown, other), strict=True):
        small = [f.resize((28, 28), Image.Resampling(images.resample)) for f in clip_.frames]
        frames = np.array([np.asarray(f).transpose(2, 0, 1) / 255 for f in small])
        np.testing.assert_allclose(video, (frames - mean) / std, atol=1e-5)
    tokens = (inputs["input_ids"] == processor.video_token_id).sum(dim=1)
    assert tokens.tolist() == [3 * 2 * 2 + 1] * 2
    with pytest.raises(UserError, match="clips of 2 and 3 frames do not fit in one batch"):
        model_inputs(processor, [Chat((shown, "?")), Chat((film(2), "?"))])


def test_settings_for_videos_are_the_checkpoints_own(qwen: Path, tmp_path: Path) -> None:
    shown = Chat((film(4, (112, 112)), "?"))

    def grid(**settings: object) -> list[int]:
        folder = copy(qwen, tmp_path / str(len(list(tmp_path.iterdir()))))
        (folder / "video_preprocessor_config.json").write_text(json.dumps(settings))
        found: list[int] = model_inputs(load_processor(str(folder)), [shown])["video_grid_thw"][
            0
        ].tolist()
        return found

    sizes = {"shortest_edge": 28 * 28, "longest_edge": 56 * 56}
    assert grid() == [2, 8, 8]
    assert grid(size=sizes) == grid(min_pixels=28 * 28, max_pixels=56 * 56) == [2, 4, 4]
    assert grid(temporal_patch_size=4) == [1, 8, 8]
    # Qwen3-VL's are those of the whole video
    whole = {"shortest_edge": 28 * 28, "longest_edge": 4 * 56 * 56}
    kind = "Qwen3VLVideoProcessor"
    assert grid(size=whole, video_processor_type=kind) == [2, 4, 4]
    assert grid(size=sizes, video_processor_type=kind) == [2, 2, 2]


def test_qwen3_is_told_when_each_step_is_shown(qwen: Path) -> None:
    from transformers import Qwen3VLProcessor

    known = load_processor(str(qwen))

    class Processor(Qwen3VLProcessor):  # type: ignore[misc]
        def check_argument_for_proper_class(self, *given: Any) -> None: ...

    processor = Processor(known.image_processor, known.tokenizer, known.video_processor)
    assert isinstance(processor.video_processor, PatchedVideos)
    processor.chat_template = known.chat_template
    inputs = model_inputs(processor, [Chat((film(4, fps=0.5), "?"))])  # 8 seconds
    text = processor.tokenizer.decode(inputs["input_ids"][0]).replace(" ", "")
    assert [part[:3] for part in text.split("<")[1:] if "seconds" in part] == ["1.3", "6.7"]


def test_half_precision_keeps_the_seconds(qwen: Path) -> None:
    backend = TransformersModel(str(qwen), device="cpu", dtype="bfloat16")
    model = backend.load()
    inputs = placed(model_inputs(model.processor, [Chat((film(4, fps=7.0), "?"))]), model.model)
    assert inputs["second_per_grid_ts"].tolist() == pytest.approx([2 / 7], rel=1e-6)
    assert inputs["pixel_values_videos"].dtype is torch.bfloat16
    assert ask(backend, MIXED, max_new_tokens=2)


# --- the chat template ---------------------------------------------------------------------------


def test_texts_and_media_are_written_in_their_order(qwen: Path) -> None:
    processor = load_processor(str(qwen))
    image, video = (f"<|vision_start|><|{k}_pad|><|vision_end|>" for k in ("image", "video"))
    (text,) = written(
        processor, [Chat(("a ", picture(9, 9), "b", film(1), film(1), " <|im_end|>"))]
    )
    assert f"\na {image}b{video}{video} < |im_end|><|im_end|>\n" in text


def test_a_chat_template_that_puts_media_first_is_got_round(llava: Path, tmp_path: Path) -> None:
    folder = copy(llava, tmp_path / "first")
    (folder / "chat_template.jinja").write_text(MEDIA_FIRST)
    processor = load_processor(str(folder))
    a, v = picture(30, 30), film(2)
    texts = written(
        processor, [Chat((a, v, "x")), Chat(("x <image>", a, "y", v)), Chat((v, a, "x"))]
    )
    asked = [text.partition("user ")[2].partition("<|im_end|>")[0] for text in texts]
    assert asked == ["<image><video>\nx", "\nx < image><image>y<video>", "\n<video><image>x"]
    model = TransformersModel(str(folder), device="cpu")
    assert ask(model, [Chat(("x", a, "y", v))], max_new_tokens=2)


def test_a_family_without_videos_is_told(qwen: Path) -> None:
    processor = load_processor(str(qwen))
    processor.video_processor = None
    with pytest.raises(UserError, match=r"Qwen2_5_VLProcessor; leave video=frames"):
        model_inputs(processor, [Chat((film(2), "?"))])


# --- the judge -----------------------------------------------------------------------------------


def test_the_judge_sends_a_clip_of_each_video(qwen: Path, tmp_path: Path) -> None:
    judge = VisionLanguageJudge(str(qwen), video="native", frames=4)
    long, short = clip(tmp_path, 1, 9), clip(tmp_path, 2, 3)  # at 8 frames a second
    chat = judge.chat(request(modality="video", candidates=(long, short)))
    assert [len(c.frames) for c in chat.clips] == [4, 4]
    assert [c.fps for c in chat.clips] == pytest.approx([4 / (9 / 8), 4 / (3 / 8)])
    assert chat.parts[:2] == chat.clips
    assert "first video above is Video 1, the second is Video 2" in chat.text
    assert [f.tobytes() for f in chat.clips[0].frames] == [
        f.tobytes() for f in sample_frames(long, 4)
    ]
    asked = {"objective": "understanding", "candidates": ("yes", "no"), "context": (short,)}
    assert "question about the video above" in judge.chat(request(modality="video", **asked)).text
    images = judge.chat(request(candidates=(media(1), media(2))))
    assert len(images.images) == 2
    shown, still = (
        judge.prepare(request(modality=modality, candidates=candidates))
        for modality, candidates in (("video", (long, short)), ("image", (media(1), media(2))))
    )
    assert judge.size(shown) > judge.size(still)
    frames = VisionLanguageJudge(str(qwen), frames=4)
    assert judge.identity()["media"] != frames.identity()["media"]


def test_the_judge_shows_media_where_its_template_places_them(qwen: Path, tmp_path: Path) -> None:
    own = tmp_path / "own"
    own.mkdir()
    template = "One: {{ candidates[0] }} Two: {{ candidates[1] }} For: {{ prompt }}"
    for name in ("image_generation", "video_generation"):
        (own / f"{name}.j2").write_text(template)
    clips = clip(tmp_path, 1, 9), clip(tmp_path, 2, 3)
    judge = VisionLanguageJudge(str(qwen), prompts=own, frames=3)
    a, b = (judge.chat(request(candidates=(m,) * 2)).images[0] for m in (media(1), media(2)))
    made = judge.chat(request("ba", prompt="{{ candidates[0] }}"))
    assert made.parts == ("One: ", b, " Two: ", a, " For: {{ candidates[0] }}")
    made = judge.chat(request(modality="video", candidates=clips))
    assert [isinstance(p, str) for p in made.parts] == [
        True,
        *[False] * 3,
        True,
        *[False] * 3,
        True,
    ]
    (own / "image_generation.j2").write_text("{{ candidates[0] }}")
    broken = VisionLanguageJudge(str(qwen), prompts=own)
    with pytest.raises(UserError, match=r"image_generation\.j2' places candidates\[1\] nowhere"):
        broken.chat(request())


def test_a_run_with_native_videos(either: Path, tmp_path: Path) -> None:
    found = execute(
        prepare(
            Settings(
                judge="transformers",
                judge_arguments={
                    "path": str(either),
                    "video": "native",
                    "frames": "4",
                    "max_pixels": "3000",
                    "max_new_tokens": "2",
                    "decode": "generate",
                },
                tasks=("genai-bench-video",),
                data="demo",
                limit=2,
            )
        ),
        tmp_path,
        print,
    )
    task = found["tasks"]["genai-bench-video"]
    assert task["statuses"] == {"truncated": 4}  # answered, though not to the end
    assert "'video': 'native'" in str(json.loads((tmp_path / "manifest.json").read_text()))


def test_a_clip_knows_its_rate(tmp_path: Path) -> None:
    video = clip(tmp_path, 1, 16)
    frames, rate = sample_clip(video, 8)
    assert (len(frames), rate) == (8, pytest.approx(4.0))
    frames, rate = sample_clip(clip(tmp_path, 2, 1), 4)
    assert len(frames) == 4
    assert rate == pytest.approx(4 / (1 / 8))
    with pytest.raises(MediaError, match="no such file"):
        sample_clip(type(video)("video", str(tmp_path / "gone.mp4")), 2)
