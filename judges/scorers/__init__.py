"""Judges that score one image or video at a time: models of preference, and measures of video."""

from . import aesthetic, clipscore, consistency, hpsv2, imagereward, motion, pickscore, videoreward

__all__ = [
    "aesthetic",
    "clipscore",
    "consistency",
    "hpsv2",
    "imagereward",
    "motion",
    "pickscore",
    "videoreward",
]
