"""Guesses at the nationality of a surname, and the model that is shipped for them. Training a model is lab.runs."""
