"""Tests of lab/training: students' code trained like a preset."""
