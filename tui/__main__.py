"""The app without the command line around it: what `gradlab serve` starts for every visitor."""

import argparse
import sys
from pathlib import Path

from lab.machine import tune_blas

if __name__ == "__main__":
    tune_blas()
    from tui.app import main

    parser = argparse.ArgumentParser(prog="python -m tui", description="The Gradlab app.")
    parser.add_argument("--runs-dir", type=Path, default=Path("runs"))
    sys.exit(main(runs=parser.parse_args().runs_dir))
