"""What you can do with a preset: run it, store it, show it. Also the command line.

Apart from the app and downloads, only this package writes to the disk or the terminal. It is complete without the app:
whatever the app can do, a command here can do. Imports neither textual nor a deep-learning framework.
"""
