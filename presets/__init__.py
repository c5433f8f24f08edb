"""Assignment presets (*.toml), their schema, and build(): from a preset to core objects.

Every hyperparameter is declared once, in schema.py, with its title, bounds, unit and help. The TOML files,
`-s key=value`, the help and the app's form follow from it. Nothing here trains a network or writes a file.
"""
