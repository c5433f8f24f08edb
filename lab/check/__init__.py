"""Gradient checks: of a preset, of a report, and of a student's own file.

A student's file runs in a separate process and is never imported here.
"""
