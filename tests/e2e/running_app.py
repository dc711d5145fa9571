"""The app as a user runs it: `streamlit run app.py` in a process of its own."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

ROOT = Path(__file__).parents[2]
_STARTUP_SECONDS = 60.0


class RunningApp:
    """A started app with its own data folder; it can be killed and started again on the same port."""

    def __init__(self, folder: Path, *, script: str = "app.py", **environment: str) -> None:
        self.data = folder / "data"
        self.port = _free_port()
        self.log = folder / "app.log"
        self._script = script
        kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG", "TMPDIR") if name in os.environ}
        self._environment = kept | {"PARLANCHINA_DATA_DIR": str(self.data)} | environment
        self._process: subprocess.Popen[bytes] | None = None
        self.start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def pid(self) -> int:
        """The number of the process that serves the app."""
        if self._process is None:
            raise RuntimeError("the app is not running")
        return self._process.pid

    def start(self) -> None:
        """Start, and wait until it answers."""
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                [
                    sys.executable,
                    "-m",
                    "streamlit",
                    "run",
                    self._script,
                    f"--server.port={self.port}",
                    "--server.address=127.0.0.1",
                ],
                cwd=ROOT,
                env=self._environment,
                stdout=log,
                stderr=log,
            )
        deadline = time.monotonic() + _STARTUP_SECONDS
        while not self._answers():
            if self._process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"the app did not start:\n{self.log.read_text()}")
            time.sleep(0.05)

    def kill(self) -> None:
        """End the process as a power cut would: nothing of ours runs any more."""
        self._end(signal.SIGKILL)

    def stop(self) -> None:
        """End the process as Ctrl-C or a service manager does."""
        self._end(signal.SIGTERM)

    def _end(self, how: signal.Signals) -> None:
        if self._process is not None:
            self._process.send_signal(how)
            self._process.wait(20)
            self._process = None

    def _answers(self) -> bool:
        try:
            with urllib.request.urlopen(f"{self.url}/_stcore/health", timeout=2) as response:
                return bool(response.status == 200)
        except OSError:
            return False


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
