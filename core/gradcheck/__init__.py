"""Gradient checks: `check` compares gradients with derivatives, `targets` says of what, `diagnosis` why they differ.

Works on arrays in memory, like the rest of `core`. Checks of presets and of students' files live in `lab/check/`.
"""
