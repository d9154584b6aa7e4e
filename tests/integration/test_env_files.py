"""The documented environment files start a cluster: no flag but the mode and the folder."""

import contextlib
from pathlib import Path

from tests.kit.moto_peer import MotoPeer
from tests.kit.processes import Pbe, free_port


class FromFile(Pbe):
    """A process that is configured by variables."""

    variables: dict[str, str] = {}  # noqa: RUF012 - each process sets its own

    def environment(self) -> dict[str, str]:
        """The variables of its file."""
        return super().environment() | self.variables


def test_the_documented_environment_files_start_a_cluster(tmp_path: Path) -> None:
    """control-plane.env, tenant-node.env and gateway.env, with the names that the documents give."""
    moto = MotoPeer(tmp_path)
    place = moto.place()
    raft = f"127.0.0.1:{free_port()}"
    with contextlib.ExitStack() as stack:
        stack.callback(moto.close)
        control = FromFile(tmp_path, "control-plane", "--create-admin")
        control.variables = {"NODE_ID": "cp-1", "RAFT_BIND_ADDR": raft, "RAFT_ADVERTISE_ADDR": raft, "RAFT_JOIN": ""}
        stack.enter_context(control.running())
        shared = {
            "CONTROL_PLANE_ADDRS": f"127.0.0.1:{control.port}",
            "PBE_CLUSTER_SECRET_FILE": str(control.folder / "cluster-secret"),
        }
        node = FromFile(tmp_path, "tenant-node")
        node.variables = shared | {
            "NODE_ADDRESS": f"127.0.0.1:{node.port}", "MAX_TENANTS": "100", "S3_ENDPOINT": place.endpoint,
            "S3_BUCKET": place.bucket, "S3_ACCESS_KEY": place.access_key, "S3_SECRET_KEY": place.secret_key,
        }  # fmt: skip
        stack.enter_context(node.running())
        gateway = FromFile(tmp_path, "gateway")
        gateway.variables = shared
        stack.enter_context(gateway.running())
        bearer = {"Authorization": f"Bearer {control.token}"}
        body = {"id": "shop", "domain": "shop.localhost"}
        assert control.ask("POST", "/api/cp/tenants", body, bearer).status == 201
        assert gateway.ask("GET", "/api/health", headers={"Host": "shop.localhost"}).status == 200
        shown = control.ask("GET", "/api/cp/nodes", headers=bearer).json["items"]
        assert [(one["capacity"], one["address"]) for one in shown] == [(100, f"127.0.0.1:{node.port}")]
        for process in (gateway, node, control):
            process.terminate()
