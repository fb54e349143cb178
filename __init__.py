"""Measure, train and use multimodal reward models."""
