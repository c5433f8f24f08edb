"""What Gradlab does, stated and tried; a folder for each package. Nothing here is imported by the packages."""
