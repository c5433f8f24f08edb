"""What can be trained: the presets, the user's own among them, and the data sets. Nothing here trains."""
