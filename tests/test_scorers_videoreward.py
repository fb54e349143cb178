"""VideoReward on a tiny Qwen2.5-VL in VideoAlign's layout, with adapters made by PEFT itself."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import save_file
from test_preferences_conversations import clip
from unieval.harness.errors import MediaError, UserError
from unieval.harness.items import Media, PointItem
from unieval.judges.scorers.valued import frame_count, frame_size, shown
from unieval.judges.scorers.videoalign_question import QUESTION
from unieval.judges.scorers.videoreward import VideoReward

DIMENSIONS = ("VQ", "MQ", "TA")
TOKENS = [f"<|{name}_reward|>" for name in DIMENSIONS]
NORMAL = {"VQ_mean": 1.0, "VQ_std": 2.0, "MQ_mean": -1.0, "MQ_std": 0.5, "TA_mean": 0, "TA_std": 3}
RANK, ALPHA = 4, 6
PROMPTS = ("a red square", "a longer text of a <|TA_reward|> blue circle")


class Trained:
    """The tiny backbone with adapters, as training held it, in its own folder."""

    def __init__(self, backbone: Path, folder: Path, rows: int = 1) -> None:
        from peft import LoraConfig, get_peft_model
        from transformers import AutoTokenizer, Qwen2_5_VLForConditionalGeneration

        torch.manual_seed(7)
        self.folder, self.backbone = folder, backbone
        self.tokenizer = AutoTokenizer.from_pretrained(backbone)
        self.tokenizer.add_tokens(TOKENS, special_tokens=True)
        model = Qwen2_5_VLForConditionalGeneration.from_pretrained(backbone)
        model.resize_token_embeddings(len(self.tokenizer))
        lora = LoraConfig(r=RANK, lora_alpha=ALPHA, target_modules=r".*language_model.*(q|v)_proj")
        self.model = get_peft_model(model, lora).eval()
        for name, weight in self.model.named_parameters():
            if "lora_" in name:
                torch.nn.init.normal_(weight, std=0.3)
        self.head = torch.randn(rows, model.config.text_config.hidden_size)

    def save(self, *, old: bool = True, **changes: Any) -> Path:
        """Write model_config.json and the tensors, under old or today's names of transformers."""
        state = {"base_model.model.rm_head.weight": self.head}
        for name, tensor in self.model.state_dict().items():
            if old:
                name = name.replace("model.model.language_model.", "model.model.")
                name = name.replace("model.model.visual.", "model.visual.")
            state[name] = tensor.clone()
        step = self.folder / "checkpoint-20"
        step.mkdir(exist_ok=True)
        (self.folder / "checkpoint-9").mkdir(exist_ok=True)
        if old:
            torch.save(state, step / "model.pth")
        else:
            save_file(state, step / "model.safetensors")
        settings = {
            "model_config": {
                "model_name_or_path": str(self.backbone),
                "output_dim": len(self.head),
                "use_special_tokens": True,
                "reward_token": "special",
            },
            "data_config": {"fps": 3, "max_frame_pixels": 112 * 112},
            "peft_lora_config": {"lora_enable": True, "lora_r": RANK, "lora_alpha": ALPHA},
            "inference_config": NORMAL,
            **changes,
        }
        (self.folder / "model_config.json").write_text(json.dumps(settings))
        return self.folder

    def values(self, judge: VideoReward, item: PointItem) -> list[float]:
        """VQ, MQ and TA of one video, from the model with its adapters beside the weights."""
        judge._scores = judge._scores or judge._loaded()
        valued = judge._scores.compute.__self__
        asked = judge._scores.prepare((item.prompt, item.candidate))
        inputs = dict(valued.inputs([asked]))
        ids = inputs["input_ids"][0].tolist()
        positions = torch.arange(len(ids)).view(1, 1, -1).expand(3, 1, -1)
        with torch.inference_mode():
            hidden = self.model.base_model.model.model(
                **inputs, position_ids=positions, use_cache=False
            ).last_hidden_state[0]
        head = self.head.expand(3, -1)
        places = [ids.index(self.tokenizer.convert_tokens_to_ids(token)) for token in TOKENS]
        assert places == sorted(places)
        return [float(hidden[place] @ row) for place, row in zip(places, head, strict=True)]


@pytest.fixture(scope="module")
def trained(qwen, tmp_path_factory) -> Trained:
    torch.set_num_threads(1)
    found = Trained(qwen, tmp_path_factory.mktemp("reward"))
    found.save()
    return found


@pytest.fixture(scope="module")
def films(tmp_path_factory) -> list[PointItem]:
    folder = tmp_path_factory.mktemp("films")
    videos = [clip(folder / "long.mp4", 16), clip(folder / "short.mp4", 5)]
    return [
        PointItem(str(i), "video", "generation", text, video)
        for i, (text, video) in enumerate(zip(PROMPTS, videos, strict=True))
    ]


@pytest.fixture(scope="module")
def short(tmp_path_factory) -> Path:
    """A short question, since the shipped one is long."""
    file = tmp_path_factory.mktemp("question") / "short.txt"
    file.write_text(f"Rate it: {' '.join(TOKENS[:2])}, with the text {{prompt}}: {TOKENS[2]}")
    return file


def normalised(values: list[float]) -> list[float]:
    return [
        (value - NORMAL[f"{name}_mean"]) / NORMAL[f"{name}_std"]
        for name, value in zip(DIMENSIONS, values, strict=True)
    ]


def test_scores_are_those_of_the_trained_model(trained, films, short):
    judge = VideoReward(str(trained.folder), question=short)
    found = judge.score(films)
    expected = [normalised(trained.values(judge, item)) for item in films]
    assert found == pytest.approx([sum(values) for values in expected], abs=1e-4)
    assert [judge.score([item])[0] for item in films] == pytest.approx(found, abs=1e-4)
    for i, name in enumerate(DIMENSIONS):
        one = VideoReward(str(trained.folder), question=short, dimension=name)
        one._scores = judge._scores  # the weights are loaded
        assert one.score(films) == pytest.approx([values[i] for values in expected], abs=1e-4)
    raw = VideoReward(str(trained.folder), question=short, normalise=False)
    raw._scores = judge._scores
    back = [trained.values(judge, item) for item in films]
    assert raw.score(films) == pytest.approx([sum(values) for values in back], abs=1e-4)


def test_other_names_a_row_a_dimension_and_the_backbones_positions(qwen, films, short, tmp_path):
    trained = Trained(qwen, tmp_path, rows=3)
    judge = VideoReward(str(trained.save(old=False)), question=short)
    assert judge.checkpoint.weights == "checkpoint-20/model.safetensors"
    expected = [sum(normalised(trained.values(judge, item))) for item in films]
    found = judge.score(films)
    assert found == pytest.approx(expected, abs=1e-4)
    native = VideoReward(str(tmp_path), question=short, positions="native").score(films)
    assert native != pytest.approx(found, abs=1e-3)


def test_tokens_in_a_prompt_are_just_text(trained, films):
    judge = VideoReward(str(trained.folder))
    assert judge.score(films[1:]) == (
        pytest.approx([sum(normalised(trained.values(judge, films[1])))], abs=1e-4)
    )
    valued = judge._scores.compute.__self__
    asked = judge._scores.prepare((films[1].prompt, films[1].candidate))
    ids = valued.inputs([asked])["input_ids"][0].tolist()
    assert [ids.count(token) for token in valued.tokens] == [1, 1, 1]
    assert "< |TA_reward|> blue circle" in valued.processor.tokenizer.decode(ids)


def test_a_missing_video_fails_alone(trained, films, short):
    judge = VideoReward(str(trained.folder), question=short)
    gone = PointItem("3", "video", "generation", "x", Media("video", "gone.mp4"))
    with pytest.raises(MediaError, match=r"gone\.mp4"):
        judge.score([films[0], gone, films[1]])
    assert len(judge._scores._kept) == 2


def test_the_question_has_the_tokens_in_the_order_of_training():
    places = [QUESTION.index(token) for token in TOKENS]
    assert places == sorted(places)
    assert [QUESTION.count(token) for token in TOKENS] == [1, 1, 1]
    # what a value depends on must stand before its token
    assert places[1] < QUESTION.index("{prompt}") < places[2]


def test_a_question_of_ones_own(tmp_path):
    file = tmp_path / "question.txt"
    file.write_text("{prompt}: <|fun_reward|> <|size_reward|>")
    judge = VideoReward("x", question=file, dimension="size")
    assert judge.dimensions == ("fun", "size")
    for wrong in ("<|fun_reward|>", "{prompt}", "{prompt} <|a_reward|> <|a_reward|>"):
        file.write_text(wrong)
        with pytest.raises(UserError, match=r"needs \{prompt\} and, once for each dimension"):
            VideoReward("x", question=file)
    with pytest.raises(UserError, match="cannot be read"):
        VideoReward("x", question=tmp_path / "gone")
    with pytest.raises(UserError, match="dimension=XY: there is no such dimension; take VQ, MQ"):
        VideoReward("x", dimension="XY")
    with pytest.raises(UserError, match="fps=0 must be above 0"):
        VideoReward("x", fps=0)


def test_what_does_not_fit_is_told(trained, films, tmp_path):
    other = Trained.__new__(Trained)
    other.__dict__.update(trained.__dict__, folder=tmp_path, head=torch.randn(2, 32))
    other.save()
    with pytest.raises(UserError, match="value head has 2 rows, for 3 dimensions"):
        VideoReward(str(tmp_path)).score(films)
    file = tmp_path / "checkpoint-20" / "model.pth"
    state = torch.load(file, weights_only=True)
    for lost, told in (
        ("rm_head.weight", r"lacks rm_head\.weight, its value head"),
        ("layers.1.mlp.up_proj.weight", r"lacks 1 tensors of Qwen2_5_VLModel .*layers\.1\.mlp"),
        ("layers.0.self_attn.q_proj.base_layer.weight", "adapter without its other half"),
        ("layers.0.self_attn.q_proj.lora_A.default.weight", "adapters that are not understood"),
    ):
        torch.save({k: v for k, v in state.items() if not k.endswith(lost)}, file)
        with pytest.raises(UserError, match=told):
            VideoReward(str(tmp_path)).score(films)


def test_settings_that_cannot_be_used_are_told(tmp_path):
    (tmp_path / "model.pth").write_bytes(b"1")
    judge = lambda: VideoReward(str(tmp_path))  # noqa: E731
    with pytest.raises(UserError, match=r"there is no .*model_config\.json; put"):
        judge().identity()
    settings: dict[str, Any] = {"model_config": {"model_name_or_path": "x"}}
    (tmp_path / "model_config.json").write_text(json.dumps(settings))
    with pytest.raises(UserError, match="only checkpoints that score at special tokens"):
        judge().identity()
    settings["model_config"]["use_special_tokens"] = True
    (tmp_path / "model_config.json").write_text(json.dumps(settings))
    found = judge().identity()
    assert (found["normal"], found["adapters"], found["backbone"]) == ({}, 1.0, "x")
    assert found["media"]["fps"] == 2
    settings["inference_config"] = {"VQ_mean": 1}
    (tmp_path / "model_config.json").write_text(json.dumps(settings))
    with pytest.raises(UserError, match="not VideoAlign's"):
        judge().identity()


def test_frames_are_counted_and_sized_as_the_authors_do(tmp_path):
    assert [frame_count(s, 2) for s in (0.5, 3, 3.4, 5.24, 1e6)] == [4, 6, 6, 10, 768]
    assert frame_size(1280, 720, 200704) == (588, 336)
    assert frame_size(48, 32, 200704) == (392, 280)
    assert frame_size(420, 280, 200704) == (420, 280)
    assert frame_size(10_000, 100, 200704) == (4480, 28)
    film = shown(clip(tmp_path / "a.mp4", 16), 3, 200704)
    assert len(film.frames) == 6
    assert film.fps == pytest.approx(3)
    assert {frame.size for frame in film.frames} == {(392, 280)}
    assert len(shown(clip(tmp_path / "b.mp4", 3), 3, 200704).frames) == 2
    assert len(shown(clip(tmp_path / "c.mp4", 1), 3, 200704).frames) == 1
