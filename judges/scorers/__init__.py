"""Judges that score one image or video at a time: CLIP models, ImageReward and VideoReward."""

from . import clipscore, hpsv2, imagereward, pickscore, videoreward

__all__ = ["clipscore", "hpsv2", "imagereward", "pickscore", "videoreward"]
