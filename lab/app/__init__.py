"""The commands that open the app. They call it by its name alone: the lab is complete without it."""
