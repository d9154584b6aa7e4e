"""Every scenario answers as the real server does."""

import re
from pathlib import Path

import pytest

from tests.parity.harness.servers import PbeServer, RealTemplate
from tests.parity.harness.world import load, modules, world

COMPATIBILITY = Path(__file__).resolve().parents[2] / "docs" / "compatibility.rst"


@pytest.mark.timeout(300)
@pytest.mark.parametrize("name", modules())
def test_scenarios_answer_alike(name: str, template: RealTemplate, pbe_server: PbeServer) -> None:
    """The scenarios of one module, in order, show a client no difference."""
    module = load(name)
    found: list[str] = []
    with world(template, pbe_server.peer, module.SETUP) as made:
        for step in module.SCENARIOS:
            found += [f"{step['name']}: {line}" for line in made.compare(step)]
    assert not found, "\n".join([f"{len(found)} differences in {name}:", *found[:60]])


def test_each_exception_has_a_reason() -> None:
    """What scenarios do not compare is explained in docs/compatibility.rst under the label they name."""
    labels = set(re.findall(r"^\.\. _([\w-]+):", COMPATIBILITY.read_text(), re.MULTILINE))
    wanted = {step["why"] for name in modules() for step in load(name).SCENARIOS if "why" in step}
    assert wanted <= labels, f"no reason given for {wanted - labels}"
