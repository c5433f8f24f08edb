"""The maths, against definitions, other libraries and the complex step. No files, no terminal."""
