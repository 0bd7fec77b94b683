"""``python -m benchmarks`` is ``creditbank bench``."""

from __future__ import annotations

import sys

from api.cli import app

if __name__ == "__main__":
    app(["bench", *sys.argv[1:]])
