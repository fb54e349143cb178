"""Diffusion-DPO: image and video generators learn which of two outputs people would prefer."""
