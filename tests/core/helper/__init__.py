"""Tests of core/helper."""
