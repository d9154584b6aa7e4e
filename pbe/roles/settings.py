"""The settings of a process: every name, every other spelling of it, and what it means.

One table serves the flags of `twistd pbe` and `pbe serve`, the environment, the TOML file and the documentation. What
a value may be is in `values.py`, where values come from in `sources.py`, what a mode needs of them in `config.py`.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from pbe.roles import values

MODES = ("control-plane", "tenant-node", "gateway", "all-in-one")


@dataclass(frozen=True, slots=True)
class Setting:
    """One setting: `name` as in `--name`, `PBE_NAME` and the file; `flags` and `environment` are its other spellings.

    A switch takes no value as a flag, and true or false elsewhere.
    """

    name: str
    parse: Callable[[str], Any]
    help: str
    flags: tuple[str, ...] = ()
    environment: tuple[str, ...] = ()
    switch: bool = False
    short: str | None = None

    @property
    def key(self) -> str:
        """The setting's name as a Python word."""
        return self.name.replace("-", "_")

    @property
    def variables(self) -> tuple[str, ...]:
        """The environment variables that set it, the first that is set wins."""
        return ("PBE_" + self.key.upper(), *self.environment)


SETTINGS: tuple[Setting, ...] = (
    Setting("mode", values.choice(*MODES), f"what this process is: {', '.join(MODES)} [all-in-one]", short="m"),
    Setting("dir", values.text, "the folder of its data [./pbe_data]", ("data-dir",), short="d"),
    Setting("config", values.text, "a TOML file with any of these settings", short="c"),
    Setting(
        "http-addr",
        values.address,
        "the address it listens on [all-in-one 127.0.0.1:8090, control plane 0.0.0.0:8090, node 0.0.0.0:8091, "
        "gateway 0.0.0.0:8080]",
        ("http",),
    ),
    Setting("https-addr", values.address, "the gateway's TLS address [0.0.0.0:443 with a certificate]", ("https",)),
    Setting("tls-cert", values.text, "a PEM file: certificate and chain", (), ("TLS_CERT",)),
    Setting("tls-key", values.text, "a PEM file: the certificate's private key", (), ("TLS_KEY",)),
    Setting(
        "tls-ca",
        values.text,
        "a PEM file: who signs the cluster's certificates; with it the control plane's port and all links speak TLS, "
        "and both ends of a link show a certificate",
        (),
        ("TLS_CA",),
    ),
    Setting("node-id", values.member_id, "this process's name in the cluster [the host's name]", (), ("NODE_ID",)),
    Setting(
        "raft-peers",
        values.peers,
        "all control plane members, the same list on each: cp-1:7000,… or cp-1=10.0.0.1:7000,…",
    ),
    Setting(
        "raft-bind-addr",
        values.address,
        "the address Raft listens on [0.0.0.0:7000 where there are other members, else none]",
        ("raft-bind", "raft-addr"),
        ("RAFT_BIND_ADDR",),
    ),
    Setting(
        "raft-advertise-addr", values.address, "the address told to the other members", (), ("RAFT_ADVERTISE_ADDR",)
    ),
    Setting("raft-join", values.addresses(7000), "members to join; empty: start a cluster", (), ("RAFT_JOIN",)),
    Setting(
        "control-plane",
        values.addresses(8090),
        "the control plane's members: cp-1:8090,cp-2:8090,cp-3:8090",
        ("control-plane-addrs",),
        ("CONTROL_PLANE_ADDRS",),
    ),
    Setting(
        "node-address",
        values.address,
        "the address of this node that the gateways are told [--http-addr]",
        ("node-addr",),
        ("NODE_ADDRESS",),
    ),
    Setting("max-tenants", values.integer(1, 1_000_000), "tenants this node may own [200]", (), ("MAX_TENANTS",)),
    Setting("domain", values.domain, "the platform's domain: tenants answer at ID.DOMAIN [localhost]"),
    Setting(
        "replica-url",
        values.replica_url,
        "the object store: s3://bucket/prefix or file:///path [all-in-one: DIR/objects]",
    ),
    Setting(
        "smtp-url",
        values.smtp_url,
        "the mail server for tenants without their own: smtp://user:password@host:587 or smtps://…; without one, "
        "all-in-one writes mails to DIR/mail",
        (),
        ("SMTP_URL",),
    ),
    Setting(
        "private-outbound",
        values.switch,
        "let tenants' mail servers, buckets and identity providers be on private networks and this machine "
        "[all-in-one on loopback: true]",
        switch=True,
    ),
    Setting("s3-bucket", values.bucket, "another way to say --replica-url=s3://BUCKET", (), ("S3_BUCKET",)),
    Setting("s3-endpoint", values.endpoint, "the URL of an S3 service that is not Amazon's", (), ("S3_ENDPOINT",)),
    Setting("s3-region", values.text, "the bucket's region [us-east-1]", (), ("S3_REGION", "AWS_REGION")),
    Setting("s3-access-key", values.text, "S3's key id", (), ("S3_ACCESS_KEY", "AWS_ACCESS_KEY_ID")),
    Setting("s3-secret-key", values.text, "S3's secret key", (), ("S3_SECRET_KEY", "AWS_SECRET_ACCESS_KEY")),
    Setting(
        "cluster-secret-file",
        values.text,
        "the secret that the cluster's processes share [DIR/cluster-secret, made by the control plane]",
    ),
    Setting("create-admin", values.switch, "print the first admin's token once, if there is no admin yet", switch=True),
    Setting(
        "durability",
        values.choice("async", "sync"),
        "when a write is acknowledged: once committed here (async), or once in the object store (sync) [async]",
    ),
    Setting("region", values.text, "the region this node is in"),
    Setting("zone", values.text, "the zone this node is in"),
    Setting("labels", values.labels, "labels of this node for placement: disk=ssd,rack=7"),
    Setting(
        "trusted-callers",
        values.networks,
        "networks whose X-Tenant-ID a gateway believes: 10.0.0.0/8,… [none; all-in-one: loopback]",
    ),
    Setting(
        "rescue",
        values.choice("restore", "recover"),
        "mend the control plane's folder and end: restore it from the newest snapshot of the object store, or recover "
        "a member that has lost the majority (`pbe raft restore`, `pbe raft recover`)",
    ),
    Setting("debug", values.debug, "log more", (), ("PB_LOG_LEVEL",), switch=True),
)

BY_KEY = {setting.key: setting for setting in SETTINGS}

#: Every flag, with and without its other spellings.
BY_FLAG = {flag: setting for setting in SETTINGS for flag in (setting.name, *setting.flags)}
