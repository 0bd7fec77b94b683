"""The server: uvicorn, which ends the streams of open screens first when it is told to stop."""

from __future__ import annotations

from types import FrameType

import uvicorn
from fastapi import FastAPI


class Server(uvicorn.Server):
    """Stops at once: an open stream would hold it for the whole of its grace."""

    def __init__(self, config: uvicorn.Config, app: FastAPI) -> None:
        """Serve an app."""
        super().__init__(config)
        self._app = app

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Take a signal to stop."""
        if (bells := getattr(self._app.state, "bells", None)) is not None:
            bells.close()
        super().handle_exit(sig, frame)
