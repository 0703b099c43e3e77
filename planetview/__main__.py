"""`python -m planetview` is the command line."""

from planetview.cli import main

if __name__ == "__main__":
    raise SystemExit(main())
