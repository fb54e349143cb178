"""The judges; importing this package registers them all and loads no model code."""
