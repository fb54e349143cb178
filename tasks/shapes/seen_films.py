"""Films read back: who is in them, what they do and how smoothly, from the pixels alone.

Every frame is seen as a picture, and what is seen is followed from frame to frame.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
import numpy.typing as npt

from .motion import Actor, Cast, Motion
from .outlines import Floats
from .scene import Colour, Shape, Size
from .seeing import Seen, SeenThing, see, size_of
from .seen_motion import Course, courses

T = TypeVar("T")
Track = dict[int, SeenThing]
"""One thing by the frames in which it is seen."""

_OTHER_COLOUR, _OTHER_SHAPE = 400.0, 120.0
"""How many units of way another look counts for when things are followed."""
_TOO_FAR = 700.0


@dataclass(frozen=True, slots=True)
class SeenActor:
    """One shape of a film.

    Attributes:
        shape, colour, size: what it is taken for in most frames.
        course: how it moves.
    """

    shape: Shape
    colour: Colour
    size: Size
    course: Course

    @property
    def motion(self) -> Motion:
        """What it does."""
        return self.course.motion


@dataclass(frozen=True, slots=True)
class SeenFilm:
    """What is seen in a film.

    Attributes:
        things: whoever is there in half of the frames or more.
        frames: what each frame shows.
        held: for how many frames in a row the film stands still where it should move; 1 for none.
        flicker: how far the brightest and the darkest frame lie from the middle, in levels.
    """

    things: tuple[SeenActor, ...]
    frames: tuple[Seen, ...]
    held: int
    flicker: float

    @property
    def cast(self) -> Cast:
        """The cast that this is taken for."""
        return Cast(tuple(Actor(a.shape, a.colour, a.size, a.motion) for a in self.things))


def see_film(frames: npt.NDArray[np.uint8]) -> SeenFilm:
    """What a film shows.

    Args:
        frames: two or more, of 32 x 32 pixels or more, that show all of the film; shape
            (frames, rows, columns, 3).

    Raises:
        ValueError: they have another shape, or there are fewer.
    """
    if frames.ndim != 4 or len(frames) < 2:
        raise ValueError(
            "a film has the shape (frames, rows, columns, 3) with at least 2 frames, not"
            f" {frames.shape}"
        )
    seen = tuple(see(frame) for frame in frames)
    tracks = [track for track in _tracks(seen) if 2 * len(track) >= len(seen)]
    paths = [_path(track, len(seen)) for track in tracks]
    ways, held = courses(paths)
    actors = (_actor(*each) for each in zip(tracks, paths, ways, strict=True))
    levels = [each.ground for each in seen]
    return SeenFilm(tuple(actors), seen, held, (max(levels) - min(levels)) / 2)


def _tracks(seen: Sequence[Seen]) -> list[Track]:
    """Things followed through the film, each by the least way over all."""
    from scipy.optimize import linear_sum_assignment

    tracks: list[Track] = []
    for number, frame in enumerate(seen):
        new = list(frame.things)
        if tracks and new:
            far = np.array([[_apart(_last(track), thing) for thing in new] for track in tracks])
            pairs = zip(*linear_sum_assignment(far), strict=True)
            near = [(track, thing) for track, thing in pairs if far[track, thing] < _TOO_FAR]
            for track, thing in near:
                tracks[track][number] = new[thing]
            taken = {thing for _, thing in near}
            new = [thing for index, thing in enumerate(new) if index not in taken]
        tracks += [{number: thing} for thing in new]
    return tracks


def _last(track: Track) -> SeenThing:
    return track[max(track)]


def _apart(one: SeenThing, other: SeenThing) -> float:
    way = float(np.hypot(one.x - other.x, one.y - other.y))
    looks = _OTHER_COLOUR * (one.colour != other.colour)
    return way + looks + _OTHER_SHAPE * (one.shape != other.shape)


def _path(track: Track, frames: int) -> Floats:
    """Centre and radius in every frame, in units; shape (frames, 3). Gaps are bridged."""
    known = sorted(track)
    places = np.array([(track[n].x, track[n].y, track[n].radius) for n in known], dtype=np.float64)
    path = [np.interp(range(frames), known, places[:, axis]) for axis in range(3)]
    return np.stack(path, axis=1)


def _actor(track: Track, path: Floats, course: Course) -> SeenActor:
    things = track.values()
    shape = _most((thing.shape, thing.unlike) for thing in things)
    colour = _most((thing.colour, thing.unlike) for thing in things)
    return SeenActor(shape, colour, size_of(float(np.median(path[:, 2]))), course)


def _most(looks: Iterable[tuple[T, float]]) -> T:
    """The most frequent look, where clear shapes count for more."""
    votes: dict[T, float] = defaultdict(float)
    for look, unlike in looks:
        votes[look] += max(0.05, 1 - unlike)
    return max(votes, key=lambda look: votes[look])
