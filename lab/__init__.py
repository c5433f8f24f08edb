"""What is done with a preset: run it, store it, show it; and the command line.

Below the app the only package that writes to the disk or the terminal, but for downloads. It is complete without the
app: whatever the app can do, a command here can do. Imports neither textual nor a framework.
"""
