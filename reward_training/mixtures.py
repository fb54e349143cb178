"""Mixtures of preference sets, described by a YAML file.

::

    seed: 0
    root: ../data            # data and media are relative to it, and it to the file's folder
    held_out: 0.02           # share of prompts kept for evaluation
    sources:
      hpd: {data: HPDv2/train.json, media: HPDv2/train, cap: 25600}
      mine: {adapter: jsonl, data: mine.jsonl, weight: 2}

``unifiedreward-236k`` in the folder beside this file is the mixture of UnifiedReward's paper.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, ClassVar

from ..harness.errors import UserError, not_found
from .adapters import get_adapter, read
from .preferences import Preference
from .sampling import balanced, interleaved, quotas, sample, split, verdicts

SHIPPED = Path(__file__).parent / "mixtures"
_STRICT: dict[str, Any] = {"extra": "forbid"}


@dataclass(frozen=True)
class Source:
    """One data set of a mixture.

    Args:
        data: file or folder in the published layout, relative to the mixture's root, or ``hub``.
        adapter: name of the adapter; the default is the source's own name.
        media: the folder that media paths are relative to; the default is where the table lies.
        columns: published column name to the name that the data at hand have.
        cap: at most so many preferences, drawn by each item's seed.
        weight: share of the mixture, relative to the other sources' weights.
    """

    __pydantic_config__: ClassVar[dict[str, Any]] = _STRICT

    data: str
    adapter: str = ""
    media: str | None = None
    columns: Mapping[str, str] = field(default_factory=dict)
    cap: int | None = None
    weight: float | None = None

    def broken(self) -> tuple[str, str] | None:
        """The first setting that breaks its rule, and the rule."""
        if self.cap is not None and self.cap < 1:
            return "cap", "must be positive"
        if self.weight is not None and not 0 < self.weight < float("inf"):
            return "weight", "must be a positive number"
        return None


@dataclass(frozen=True)
class Mixture:
    """Data sets and how they are put together.

    Args:
        sources: name to data set.
        seed: seeds sampling, order, the held-out split and the places of candidates.
        size: how many preferences; the default is as many as there are without repeating any.
        held_out: share of prompts that are kept out of training.
        balance: turn pairs so that the better candidate is first as often as second.
        skip_bad: leave out rows that do not fit, and count them.
        root: what ``data`` and ``media`` are relative to; itself relative to the file's folder.
        save_media: folder, relative to the root, for media that tables hold as bytes; memory then
            holds addresses.
    """

    __pydantic_config__: ClassVar[dict[str, Any]] = _STRICT

    sources: Mapping[str, Source]
    seed: int = 0
    size: int | None = None
    held_out: float = 0.0
    balance: bool = True
    skip_bad: bool = False
    root: Path = Path()
    save_media: Path | None = None


@dataclass(frozen=True)
class Built:
    """A mixture that was read: what to train on, what was held out, and what became of the rest.

    ``skipped`` counts, for each source, the rows left out by reason; ``before`` and ``after`` are
    the verdicts of the training pairs as the data give them and as they were turned.
    """

    train: list[Preference]
    held_out: list[Preference]
    skipped: Mapping[str, Mapping[str, int]]
    before: Mapping[str, int]
    after: Mapping[str, int]


def load_mixture(name: str | Path, root: Path | None = None) -> Mixture:
    """Read a mixture from a YAML file, or a shipped one by its name.

    Args:
        name: path of the file, or the name of a shipped mixture.
        root: takes the place of the file's own ``root``.

    Raises:
        UserError: no such file, not YAML, or a setting that does not fit; names the setting.
    """
    import yaml

    path = _file(name)
    try:
        settings = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise UserError(f"{path} is no YAML file: {' '.join(str(error).split())}") from None
    if not isinstance(settings, dict):
        raise UserError(f"{path} must hold settings, among them sources")
    mixture = _checked(settings, path)
    if root is None:
        # a shipped mixture lies in the package, where nobody's data are
        root = mixture.root if path.parent == SHIPPED else path.parent / mixture.root
    return replace(mixture, root=root, save_media=mixture.save_media and root / mixture.save_media)


def build(mixture: Mixture) -> Built:
    """Read all sources, draw, hold out, turn pairs, and put everything in one order.

    Raises:
        UserError: a source cannot be read, or a row does not fit (unless ``skip_bad``).
    """
    train: dict[str, list[Preference]] = {}
    held_out: dict[str, list[Preference]] = {}
    skipped: dict[str, Counter[str]] = {}
    for name, source in sorted(mixture.sources.items()):
        skipped[name] = Counter()
        found = read(
            source.adapter or name,
            None if source.data == "hub" else mixture.root / source.data,
            media=None if source.media is None else mixture.root / source.media,
            columns=source.columns,
            skip_bad=mixture.skip_bad,
            skipped=skipped[name],
            save_media=mixture.save_media,
        )
        drawn = sample(found, source.cap, mixture.seed)
        train[name], held_out[name] = split(drawn, mixture.held_out, mixture.seed)
    weights = {name: source.weight for name, source in mixture.sources.items()}
    amounts = quotas({name: len(items) for name, items in train.items()}, weights, mixture.size)
    given = list(interleaved(train, amounts, mixture.seed))
    everything = {name: len(items) for name, items in held_out.items()}
    kept = list(interleaved(held_out, everything, mixture.seed))
    if not mixture.balance:
        return Built(given, kept, skipped, verdicts(given), verdicts(given))
    turned = balanced(given, mixture.seed)
    return Built(turned, balanced(kept, mixture.seed), skipped, verdicts(given), verdicts(turned))


def _file(name: str | Path) -> Path:
    path = Path(name)
    if path.is_file():
        return path
    shipped = {file.stem: file for file in SHIPPED.glob("*.yaml")}
    if str(name) in shipped:
        return shipped[str(name)]
    if path.suffix in (".yaml", ".yml"):
        raise UserError(f"mixture {path} does not exist")
    raise not_found("mixture", str(name), shipped)


def _checked(settings: dict[str, Any], path: Path) -> Mixture:
    from pydantic import TypeAdapter, ValidationError

    try:
        mixture = TypeAdapter(Mixture).validate_python(settings)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"])) or "settings"
        raise UserError(f"{path}, {where}: {first['msg']}") from None
    _require(bool(mixture.sources), path, "sources", "must name at least one data set")
    _require(0 <= mixture.held_out < 1, path, "held_out", "must be a share from 0 to below 1")
    _require(mixture.size is None or mixture.size > 0, path, "size", "must be positive")
    for name, source in mixture.sources.items():
        setting, rule = source.broken() or ("", "")
        _require(not rule, path, f"sources.{name}.{setting}", rule)
        get_adapter(source.adapter or name)
    return mixture


def _require(holds: bool, path: Path, setting: str, rule: str) -> None:
    if not holds:
        raise UserError(f"{path}, {setting}: {rule}")
