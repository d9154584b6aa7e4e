"""The configuration of one process, complete and checked before anything is touched."""

import platform
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pbe.roles import sources
from pbe.roles.values import Address, ConfigError, Network, Peer, networks

DEFAULT_HTTP = {
    "all-in-one": Address("127.0.0.1", 8090),
    "control-plane": Address("0.0.0.0", 8090),
    "tenant-node": Address("0.0.0.0", 8091),
    "gateway": Address("0.0.0.0", 8080),
}
DEFAULT_HTTPS = Address("0.0.0.0", 443)
DEFAULT_RAFT = Address("0.0.0.0", 7000)
SECRET_FILE = "cluster-secret"


@dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """What one process is told; the names are those of `settings.py`.

    `replica_url` is set in every mode but the gateway's (a control plane without one keeps its snapshots to itself).
    """

    mode: str = "all-in-one"
    dir: Path = Path("pbe_data")
    http_addr: Address = DEFAULT_HTTP["all-in-one"]
    https_addr: Address | None = None
    tls_cert: Path | None = None
    tls_key: Path | None = None
    tls_ca: Path | None = None
    node_id: str = "node-1"
    raft_peers: tuple[Peer, ...] = ()
    raft_bind_addr: Address | None = None
    raft_advertise_addr: Address | None = None
    raft_join: tuple[Address, ...] = ()
    control_plane: tuple[Address, ...] = ()
    node_address: Address | None = None
    max_tenants: int = 200
    domain: str = "localhost"
    replica_url: str = ""
    s3_endpoint: str = ""
    s3_region: str = "us-east-1"
    s3_access_key: str = ""
    s3_secret_key: str = ""
    cluster_secret_file: Path = Path(SECRET_FILE)
    create_admin: bool = False
    durability: str = "async"
    region: str = ""
    zone: str = ""
    labels: tuple[tuple[str, str], ...] = ()
    trusted_callers: tuple[Network, ...] = ()
    rescue: str = ""
    smtp_url: str = ""
    private_outbound: bool = False
    debug: bool = False

    def __repr__(self) -> str:
        return f"Config({self.mode}, {self.node_id}, {self.http_addr}, {self.dir})"

    @property
    def raft_listen(self) -> Address | None:
        """Where Raft listens: nowhere for a member that is told of no others and of no address of its own."""
        if self.raft_bind_addr is None and not (self.raft_peers or self.raft_join or self.raft_advertise_addr):
            return None
        return self.raft_bind_addr or DEFAULT_RAFT

    @property
    def raft_address(self) -> str:
        """Where the other members reach this one."""
        listed = {peer.id: peer.address for peer in self.raft_peers}
        return str(self.raft_advertise_addr or listed.get(self.node_id) or self.raft_listen or DEFAULT_RAFT)


def load(flags: Mapping[str, tuple[str, str]], environment: Mapping[str, str]) -> Config:
    """The configuration that flags, environment and file give together.

    flags: setting key → (the flag as spelled, its text). Raises ConfigError, one sentence. Reads files, writes none.
    """
    found = sources.gather(flags, environment)
    given = sources.parse(found)
    given.pop("config", None)
    mode = given.setdefault("mode", "all-in-one")
    _join_s3(given)
    _paths(given)
    _defaults(mode, given)
    config = Config(**given)
    _check(config, found)
    return config


def _join_s3(given: dict[str, Any]) -> None:
    bucket = given.pop("s3_bucket", None)
    if bucket is None:
        return
    url = given.setdefault("replica_url", f"s3://{bucket}")
    if url.removeprefix("s3://").partition("/")[0] != bucket:
        raise ConfigError(f"--s3-bucket says {bucket} but --replica-url says {url}: give one of them.")


def _paths(given: dict[str, Any]) -> None:
    for key in ("dir", "tls_cert", "tls_key", "tls_ca", "cluster_secret_file"):
        if key in given:
            given[key] = Path(given[key]).expanduser().absolute()


def _defaults(mode: str, given: dict[str, Any]) -> None:
    folder = given.setdefault("dir", Path("pbe_data").absolute())
    given.setdefault("http_addr", DEFAULT_HTTP[mode])
    given.setdefault("node_id", "node-1" if mode == "all-in-one" else _host_id())
    given.setdefault("cluster_secret_file", folder / SECRET_FILE)
    given["labels"] = tuple(sorted(given.get("labels", {}).items()))
    if mode == "all-in-one":
        given.setdefault("replica_url", (folder / "objects").as_uri())
        given.setdefault("trusted_callers", networks("127.0.0.0/8,::1"))
        given.setdefault("private_outbound", given["http_addr"].is_loopback)
    if "tls_cert" in given and mode == "gateway":
        given.setdefault("https_addr", DEFAULT_HTTPS)
    if mode == "tenant-node":
        given.setdefault("node_address", given["http_addr"])


def _host_id() -> str:
    name = re.sub(r"[^A-Za-z0-9._-]", "-", platform.node())[:63].strip("-._")
    return name or "node-1"


def _check(config: Config, found: sources.Found) -> None:
    """What settings demand of each other."""
    if config.mode in ("tenant-node", "gateway") and not config.control_plane:
        raise ConfigError(f"--control-plane is needed with --mode={config.mode}: say where the control plane listens.")
    if config.mode == "tenant-node" and not config.replica_url:
        raise ConfigError("--replica-url is needed with --mode=tenant-node: say which object store keeps the tenants.")
    if bool(config.tls_cert) != bool(config.tls_key):
        raise ConfigError("--tls-cert and --tls-key go together: give both or neither.")
    if config.tls_ca and not config.tls_cert:
        raise ConfigError("--tls-ca needs --tls-cert and --tls-key: both ends of a link show a certificate.")
    if config.rescue and config.mode not in ("control-plane", "all-in-one"):
        raise ConfigError(f"--rescue is of the control plane, not of --mode={config.mode}.")
    if config.rescue == "restore" and not config.replica_url:
        raise ConfigError("--replica-url is needed to restore: say which object store has the snapshots.")
    if config.https_addr and not config.tls_cert:
        raise ConfigError("--https-addr needs --tls-cert and --tls-key.")
    if config.s3_endpoint and not config.replica_url.startswith("s3://"):
        raise ConfigError("--s3-endpoint needs --replica-url=s3://… or --s3-bucket.")
    if bool(config.s3_access_key) != bool(config.s3_secret_key) and config.replica_url.startswith("s3://"):
        raise ConfigError("--s3-access-key and --s3-secret-key go together: give both or neither.")
    _check_node_address(config)
    _check_raft(config)
    _check_files(config, found)


def _check_node_address(config: Config) -> None:
    address = config.node_address
    if config.mode == "tenant-node" and address and address.port == 0 and str(config.http_addr.port) != "0":
        raise ConfigError("--node-address must name a real port, not 0.")


def _check_raft(config: Config) -> None:
    if config.mode not in ("control-plane", "all-in-one") or not (config.raft_peers or config.raft_join):
        return
    if config.raft_peers and config.raft_join:
        raise ConfigError("--raft-peers and --raft-join exclude each other: a member starts with a list or joins one.")
    names = [peer.id for peer in config.raft_peers]
    if names and config.node_id not in names:
        raise ConfigError(f"--raft-peers does not name this member: {config.node_id} is not among {', '.join(names)}.")


def _check_files(config: Config, found: sources.Found) -> None:
    for name in ("tls_cert", "tls_key", "tls_ca"):
        path: Path | None = getattr(config, name)
        if path is not None and not path.is_file():
            raise ConfigError(f"{found[name][0]} names {path}, which is not a file.")
    if "cluster_secret_file" in found and not config.cluster_secret_file.is_file():
        raise ConfigError(f"{found['cluster_secret_file'][0]} names {config.cluster_secret_file}, which is not a file.")
    if config.mode in ("tenant-node", "gateway") and not config.cluster_secret_file.is_file():
        raise ConfigError(
            f"There is no cluster secret at {config.cluster_secret_file}: copy the control plane's or give "
            "--cluster-secret-file."
        )
    nearest = config.dir
    while not nearest.exists() and nearest != nearest.parent:
        nearest = nearest.parent
    if not nearest.is_dir():
        raise ConfigError(f"--dir names {config.dir}, but {nearest} is not a folder.")
