"""Widgets that modes share: the bar of modes, plots, the form. They know what to draw and no mode."""
