"""The app by its keys, and how it looks: screens of recorded runs beside accepted ones. No full data."""
