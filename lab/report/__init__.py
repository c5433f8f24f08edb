"""A folder for a lab report from saved runs: text, figures, presets. The only room that draws with matplotlib."""
