"""A real S3 API over HTTP, by moto, in a process of its own."""

import os
import socket
import subprocess
import sys
import time
from pathlib import Path

import boto3

from pbe.objects.s3 import S3Place

START_S_MAX = 30


class MotoPeer:
    """moto's server on a free port; `place()` is an empty bucket of it."""

    def __init__(self, folder: Path) -> None:
        with socket.socket() as listener:
            listener.bind(("127.0.0.1", 0))
            self.port = listener.getsockname()[1]
        self.endpoint = f"http://127.0.0.1:{self.port}"
        self._log = (folder / "moto.log").open("wb")
        self._process = subprocess.Popen(
            [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(self.port)],
            stdout=self._log,
            stderr=self._log,
            env={**os.environ, "AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "b"},
        )
        self._wait()
        self._buckets = 0

    def _wait(self) -> None:
        deadline = time.monotonic() + START_S_MAX
        while True:
            try:
                socket.create_connection(("127.0.0.1", self.port), 1).close()
                return
            except OSError:
                if time.monotonic() > deadline or self._process.poll() is not None:
                    raise
                time.sleep(0.05)

    def place(self, prefix: str = "") -> S3Place:
        """A new bucket."""
        self._buckets += 1
        place = S3Place(f"bucket{self._buckets}", prefix, self.endpoint, "us-east-1", "a", "b")
        client = boto3.client(
            "s3",
            endpoint_url=self.endpoint,
            region_name="us-east-1",
            aws_access_key_id="a",
            aws_secret_access_key="b",
        )
        client.create_bucket(Bucket=place.bucket)
        client.close()
        return place

    def close(self) -> None:
        """Ends the process."""
        self._process.terminate()
        self._process.wait()
        self._log.close()
