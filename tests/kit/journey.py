"""Runs the journey of the stock JavaScript SDK with the real ISO 3166 data of pycountry."""

import json
import os
import subprocess
from pathlib import Path

import pycountry

from tests import peers
from tests.kit.processes import environment

SCRIPT = Path(__file__).resolve().parents[1] / "integration" / "js" / "journey.mjs"
JOURNEY_S_MAX = 110
STEPS = ("login", "makeCollections", "load", "ask", "change", "guest")


def iso_3166(path: Path) -> Path:
    """All countries and subdivisions, as JSON in a file."""
    countries = [
        {
            name: getattr(country, name)
            for name in ("name", "alpha_2", "alpha_3", "numeric", "flag", "official_name")
            if hasattr(country, name)
        }
        for country in pycountry.countries
    ]
    subdivisions = [
        {"code": one.code, "name": one.name, "type": one.type, "country_code": one.country_code}
        for one in pycountry.subdivisions
    ]
    path.write_text(json.dumps({"countries": countries, "subdivisions": subdivisions}))
    return path


def journey(base: str, tenant: str, email: str, password: str, folder: Path) -> None:
    """The whole journey; a step that fails is told with what the SDK said."""
    sdk = peers.node_modules() / "pocketbase" / "dist" / "pocketbase.es.mjs"
    command = [str(peers.node()), str(SCRIPT), base, tenant, email, password, str(iso_3166(folder / "iso.json"))]
    variables = {**environment(), "POCKETBASE_SDK": sdk.as_uri()}
    for name in [name for name in os.environ if name.upper().endswith("_PROXY")]:
        variables.pop(name, None)
    done = subprocess.run(command, env=variables, capture_output=True, text=True, timeout=JOURNEY_S_MAX, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert [line.split()[0] for line in done.stdout.splitlines()] == list(STEPS)
