"""Vision-language judges: what they are shown and asked, and what their answers depend on."""

from __future__ import annotations

import io
import json
import subprocess
import sys
import threading
from pathlib import Path

import av
import numpy as np
import pytest
from PIL import Image
from safetensors.torch import load_file, save_file
from tiny_checkpoints import copy, picture, save_tiny_qwen
from unieval.harness.errors import MediaError, UserError
from unieval.harness.items import (
    FOUR_WAY,
    THREE_WAY,
    TWO_WAY,
    Media,
    PairItem,
    PointItem,
    Request,
    Verdict,
)
from unieval.harness.media import load_image
from unieval.harness.parsing import Asked, get_grammar
from unieval.harness.registry import judges
from unieval.judges import pictures
from unieval.judges.unifiedreward.judges import JUDGES
from unieval.judges.vlm import VisionLanguageJudge

pytestmark = pytest.mark.usefixtures("one_thread")


def media(seed: int, size: tuple[int, int] = (40, 30)) -> Media:
    buffer = io.BytesIO()
    picture(*size, seed).save(buffer, "PNG")
    return Media.embedded("image", buffer.getvalue())


def clip(tmp_path: Path, seed: int, count: int) -> Media:
    path = tmp_path / f"{seed}.mp4"
    with av.open(str(path), "w") as file:
        stream = file.add_stream("libx264", rate=8)
        stream.width, stream.height, stream.pix_fmt = 48, 32, "yuv420p"
        for i in range(count):
            frame = av.VideoFrame.from_image(picture(48, 32, seed * 100 + i))
            file.mux(stream.encode(frame))
        file.mux(stream.encode())
    return Media("video", str(path))


def request(order: str = "ab", choices: tuple[Verdict, ...] = TWO_WAY, **item: object) -> Request:
    asked = {
        "id": "1",
        "modality": "image",
        "objective": "generation",
        "prompt": "a {{ red }} square",
        "candidates": (media(1), media(2)),
        "label": Verdict.FIRST,
        **item,
    }
    return Request("task", PairItem(**asked), order, 0, 7, choices)


@pytest.fixture
def judge(qwen: Path) -> VisionLanguageJudge:
    return VisionLanguageJudge(
        str(qwen),
        device="cpu",
        decode="generate",
        max_new_tokens=6,
        frames=4,
        max_pixels=40 * 30,
    )


def same(images: tuple[Image.Image, ...], expected: list[Media]) -> bool:
    pairs = zip(images, map(load_image, expected), strict=True)
    return all(np.array_equal(np.asarray(a), np.asarray(b)) for a, b in pairs)


def test_candidates_come_in_the_order_shown(judge: VisionLanguageJudge) -> None:
    chat = judge.chat(request("ab"))
    assert same(chat.images, [media(1), media(2)])
    assert same(judge.chat(request("ba")).images, [media(2), media(1)])
    assert "Text: [a {{ red }} square]" in chat.text
    assert chat.seed == request("ab").seed


def test_source_of_an_edit_comes_first(judge: VisionLanguageJudge) -> None:
    chat = judge.chat(request("ba", context=(media(3),)))
    assert same(chat.images, [media(3), media(2), media(1)])
    assert "Instruction: [a {{ red }} square]" in chat.text


def test_answers_come_in_the_order_shown(judge: VisionLanguageJudge) -> None:
    asked = {"objective": "understanding", "context": (media(3),), "candidates": ("yes", "no")}
    chat = judge.chat(request("ba", **asked))
    assert same(chat.images, [media(3)])
    assert "Answer 1: no\n" in chat.text
    assert "Answer 2: yes\n" in chat.text


def test_frames_of_videos_are_images(judge: VisionLanguageJudge, tmp_path: Path) -> None:
    long, short = clip(tmp_path, 1, 9), clip(tmp_path, 2, 3)
    chat = judge.chat(request(modality="video", candidates=(long, short)))
    assert len(chat.images) == 4 + 3
    assert "the first 4 pictures are Video 1, the other 3 are Video 2" in chat.text
    asked = {"objective": "understanding", "candidates": ("yes", "no"), "context": (short,)}
    chat = judge.chat(request(modality="video", **asked))
    assert len(chat.images) == 3
    assert "shown above as 3 frames" in chat.text


@pytest.mark.parametrize("choices", [TWO_WAY, THREE_WAY, FOUR_WAY])
@pytest.mark.parametrize(
    ("modality", "objective", "edit"),
    [
        ("image", "generation", False),
        ("image", "generation", True),
        ("video", "generation", False),
        ("image", "understanding", False),
        ("video", "understanding", False),
    ],
)
def test_the_answers_asked_for_are_those_that_are_read(
    judge: VisionLanguageJudge,
    tmp_path: Path,
    choices: tuple[Verdict, ...],
    modality: str,
    objective: str,
    edit: bool,
) -> None:
    shown = [clip(tmp_path, i, 2) if modality == "video" else media(i) for i in (1, 2, 3)]
    item = {"modality": modality, "objective": objective, "prompt": "p"}
    if objective == "understanding":
        item |= {"context": (shown[0],), "candidates": ("yes", "no")}
    else:
        item |= {"context": (shown[0],) if edit else (), "candidates": tuple(shown[1:])}
    text = judge.chat(request(choices=choices, **item)).text
    read = get_grammar(judge.grammar)
    verdicts = [
        read(line, Asked(modality, objective, "robust")).verdict for line in text.splitlines()
    ]
    expected = list(TWO_WAY if choices is TWO_WAY else THREE_WAY)
    assert [v for v in verdicts if v is not None] == expected
    assert text.rstrip().splitlines()[-1] in ANSWERS[expected[-1]]


ANSWERS = {
    Verdict.SECOND: ("Image 2 is better", "Video 2 is better", "Answer 2 is better"),
    Verdict.TIE: (
        "Both images are equally good",
        "Both videos are equally good",
        "Both answers are equally good",
    ),
}


def test_judges_a_batch(judge: VisionLanguageJudge, tmp_path: Path) -> None:
    clips = (clip(tmp_path, 1, 5), clip(tmp_path, 2, 5))
    batch = [
        judge.prepare(r)
        for r in (request(), request("ba"), request(modality="video", candidates=clips))
    ]
    outputs = judge.judge(batch)
    assert outputs == [judge.judge([chat])[0] for chat in batch]
    assert all(o.text is not None and o.failure is None for o in outputs)
    assert all(o.tokens_out == 6 and o.truncated for o in outputs)
    assert judge.size(batch[2]) > judge.size(batch[0]) > 0
    assert sorted(range(3), key=lambda i: judge.size(batch[i]))[-1] == 2
    judge.close()
    assert judge.model._loaded is None


def test_pictures_are_fitted_to_the_budget(judge: VisionLanguageJudge) -> None:
    candidates = (media(1, (400, 300)), media(2, (20, 10)))
    large, small = judge.chat(request(candidates=candidates)).images
    assert large.size == (40, 30)
    assert small.size == (20, 10)
    with pytest.raises(MediaError, match=r"1 x 200 pixels is thinner than 1:150"):
        judge.chat(request(candidates=(media(1), media(2, (1, 200)))))


def test_one_bad_picture_spoils_only_its_own_request(
    judge: VisionLanguageJudge, tmp_path: Path
) -> None:
    bad = tmp_path / "bad.png"
    bad.write_bytes(b"\x89PNG\r\n\x1a\n and no more")
    for order in ("ab", "ba"):
        with pytest.raises(MediaError, match=r"bad\.png"):
            judge.chat(request(order, candidates=(media(1), Media("image", str(bad)))))
    assert judge.judge([judge.prepare(request())])[0].text is not None


def test_each_medium_is_opened_once_for_both_orders(
    judge: VisionLanguageJudge, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened = []
    load = pictures.load_image

    def slowly(one: Media) -> Image.Image:
        opened.append(one.uri)
        threading.Event().wait(0.05)
        return load(one)

    monkeypatch.setattr(pictures, "load_image", slowly)
    threads = [
        threading.Thread(target=judge.chat, args=(request(order),)) for order in ("ab", "ba") * 3
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(opened) == sorted({media(1).uri, media(2).uri})


def test_own_prompts_replace_the_shipped_ones(qwen: Path, tmp_path: Path) -> None:
    prompts = tmp_path / "prompts"
    prompts.mkdir()
    template = prompts / "image_generation.j2"
    template.write_text("Which is more like {{ prompt }}?{% if tie %} Or neither?{% endif %}")
    own = VisionLanguageJudge(str(qwen), prompts=prompts)
    assert own.chat(request(prompt="a cat")).text == "Which is more like a cat?"
    edit = own.chat(request(context=(media(3),)))
    assert "edited twice" in edit.text
    template.write_text("{{ promt }}")
    with pytest.raises(UserError, match=r"image_generation.j2.*'promt' is undefined"):
        VisionLanguageJudge(str(qwen), prompts=prompts).chat(request())
    template.write_text("fine\n{% if %}")
    with pytest.raises(UserError, match=r"image_generation.j2, line 2"):
        VisionLanguageJudge(str(qwen), prompts=prompts)


def test_identity_tells_what_answers_depend_on(qwen: Path, tmp_path: Path) -> None:
    def identity(path: Path = qwen, **options: object) -> dict[str, object]:
        judge = VisionLanguageJudge(str(path), device="cpu", **options)
        found = dict(judge.identity())
        assert judge.model._loaded is None
        json.dumps(found)
        return found

    same_again = copy(qwen, tmp_path / "copy")
    assert identity() == identity()
    assert identity()["fingerprint"] == identity(same_again)["fingerprint"]

    other = save_tiny_qwen(tmp_path / "other", seed=1)
    one_weight = copy(qwen, tmp_path / "one")
    weights = load_file(one_weight / "model.safetensors")
    next(iter(weights.values())).view(-1)[0] += 1
    save_file(weights, one_weight / "model.safetensors", {"format": "pt"})
    (one_weight / "README.md").write_text("notes do not count")
    settings = copy(qwen, tmp_path / "settings", preprocessor_config={"do_normalize": False})
    prints = {identity(p)["fingerprint"] for p in (qwen, other, one_weight, settings)}
    assert len(prints) == 4

    prompts = tmp_path / "prompts"
    prompts.mkdir()
    (prompts / "video_generation.j2").write_text("{{ prompt }}")
    changed = [
        {"prompts": prompts},
        {"frames": 4},
        {"max_pixels": 1000},
        {"decode": "generate"},
        {"decode": "generate", "max_new_tokens": 8},
        {"temperature": 0.5},
        {"normalise": "length"},
        {"dtype": "float16"},
        {"attention": "eager"},
    ]
    identities = [json.dumps(identity(**options)) for options in [{}, *changed]]
    assert len(set(identities)) == len(identities)
    assert json.dumps(identity(batch_size=1)) == identities[0]


@pytest.mark.parametrize(
    ("argument", "reason"),
    [
        ({"frames": "0"}, "frames=0 must be at least 1"),
        ({"batch_size": -1}, "batch_size=-1 must be at least 1"),
        ({"temperature": "-0.5"}, "temperature=-0.5 must not be negative"),
        ({"dtype": "int4"}, "dtype='int4'"),
        ({"prompts": "nowhere"}, "prompts folder nowhere does not exist"),
    ],
)
def test_arguments_are_checked(argument: dict[str, object], reason: str) -> None:
    with pytest.raises(UserError, match=reason):
        judges.get("unifiedreward").create(argument)


def test_arguments_from_the_command_line_are_typed(tmp_path: Path) -> None:
    entry = judges.get("transformers")
    with pytest.raises(UserError, match="needs the argument path"):
        entry.create({})
    made = entry.create({"path": "x/y", "frames": "4", "temperature": "0.7", "dtype": "bfloat16"})
    assert isinstance(made, VisionLanguageJudge)
    assert (made.frames, made.temperature, made.dtype) == (4, 0.7, "bfloat16")
    family = judges.get("unifiedreward").create({})
    assert isinstance(family, JUDGES["unifiedreward"])
    assert family.path == "CodeGoat24/UnifiedReward-qwen-7b"


def test_importing_and_making_a_judge_loads_nothing_heavy(qwen: Path) -> None:
    code = (
        "import sys, unieval.judges.vlm as v;"
        f"v.VisionLanguageJudge({str(qwen)!r}, device='cpu').identity();"
        "heavy = {'torch', 'transformers', 'PIL', 'av', 'huggingface_hub', 'datasets', 'pandas'};"
        "assert not heavy & set(sys.modules), heavy & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_hub_checkpoint_is_pinned_to_its_commit(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    commit = "0123456789abcdef0123456789abcdef01234567"
    (tmp_path / commit).mkdir()
    (tmp_path / commit / "config.json").write_text('{"dtype": "bfloat16"}')
    asked = []

    def download(name: str, file: str, *, revision: str | None) -> str:
        asked.append((name, file, revision))
        return str(tmp_path / commit / file)

    monkeypatch.setattr("huggingface_hub.hf_hub_download", download)
    identity = JUDGES["unifiedreward"](device="cuda", revision="main").identity()
    assert asked == [("CodeGoat24/UnifiedReward-qwen-7b", "config.json", "main")]
    assert identity["fingerprint"] == commit
    assert identity["dtype"] == "bfloat16"


def test_pairs_can_be_judged_by_the_scores_of_their_candidates(qwen: Path) -> None:
    scored = VisionLanguageJudge(str(qwen), device="cpu", pairs="scores")
    assert scored.supports.order_free
    (output,) = scored.judge([scored.prepare(request())])
    alone = [
        Request(
            "t", PointItem("1", "image", "generation", request().item.prompt, m), "ab", 0, 0, ()
        )
        for m in (media(1), media(2))
    ]
    texts = [o.text or "" for o in scored.judge([scored.prepare(one) for one in alone])]
    assert output.scores == pytest.approx(
        [float(text.removeprefix("Final Score: ")) for text in texts], abs=1e-3
    )
    (turned,) = scored.judge([scored.prepare(request("ba"))])
    assert turned.scores == pytest.approx(output.scores[::-1], abs=1e-5)
    compared = VisionLanguageJudge(str(qwen), device="cpu")
    assert scored.identity() != compared.identity()
    with pytest.raises(UserError, match=r"pairs=scores needs .* decode=choose"):
        VisionLanguageJudge(str(qwen), pairs="scores", decode="generate")
    with pytest.raises(UserError, match=r"pairs=scores needs .* questions=reasoned"):
        judges.get("unifiedreward-think-7b").create({"pairs": "scores"})
