"""The commands that open the app. Nothing else in lab imports it: the lab is complete without it."""
