"""The catalogue of mistakes, against code written as students write it."""
