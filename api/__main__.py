"""``python -m api`` is ``creditbank``."""

from api.cli import main

if __name__ == "__main__":
    main()
