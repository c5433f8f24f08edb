"""Presets as files: what they build, and how wrong ones are refused."""
