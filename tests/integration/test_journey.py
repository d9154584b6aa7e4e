"""The stock JavaScript SDK against pbe: by subdomain and by header, in one process and in three."""

from pathlib import Path

from tests.kit.cluster_processes import SUPERUSER, cluster
from tests.kit.journey import journey
from tests.kit.processes import Pbe
from tests.parity.harness.servers import ADMIN_EMAIL, ADMIN_PASSWORD, RealTemplate


def test_the_stock_sdk_by_subdomain_and_by_header(tmp_path: Path) -> None:
    """Two tenants of an all-in-one, each with all of ISO 3166, neither in the other's way."""
    with Pbe(tmp_path, "all-in-one").running() as pbe:
        for tenant_id in ("atlas", "globe"):
            body = {"id": tenant_id, "domain": f"{tenant_id}.example.com", "superuser": SUPERUSER}
            assert pbe.ask("POST", "/api/cp/tenants", body).status == 201
        by_host = f"http://atlas.localhost:{pbe.port}"
        journey(by_host, "", SUPERUSER["email"], SUPERUSER["password"], tmp_path)
        by_header = f"http://127.0.0.1:{pbe.port}"
        journey(by_header, "globe", SUPERUSER["email"], SUPERUSER["password"], tmp_path)


def test_the_stock_sdk_against_three_processes(tmp_path: Path) -> None:
    """Control plane, node and gateway, S3 by moto: the same journey through the gateway."""
    with cluster(tmp_path) as world:
        world.make("atlas")
        base = f"http://atlas.localhost:{world.gateway.port}"
        journey(base, "", SUPERUSER["email"], SUPERUSER["password"], tmp_path)


def test_the_journey_is_one_that_the_real_server_passes(tmp_path: Path) -> None:
    """What the journey expects is what the real PocketBase does."""
    template = RealTemplate(tmp_path)
    with template.peer() as real:
        journey(f"http://127.0.0.1:{real.port}", "", ADMIN_EMAIL, ADMIN_PASSWORD, tmp_path)
