"""What is read from curves that a formula draws, and from curves that real runs recorded (recorded/)."""
