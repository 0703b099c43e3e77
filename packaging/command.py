"""The command line of the standalone program."""

import multiprocessing

from planetview.cli import main

if __name__ == "__main__":
    multiprocessing.freeze_support()
    raise SystemExit(main())
