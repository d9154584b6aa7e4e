"""The configuration: every spelling, the strongest source wins, and mistakes are one sentence."""

from pathlib import Path

import pytest

from pbe.roles import config
from pbe.roles.settings import SETTINGS
from pbe.roles.values import Address, ConfigError, Peer


def load(environment: dict[str, str] | None = None, **flags: str) -> config.Config:
    """The configuration of flags given by their keys."""
    spelled = {key: ("--" + key.replace("_", "-"), text) for key, text in flags.items()}
    return config.load(spelled, environment or {})


@pytest.fixture
def secret(tmp_path: Path) -> str:
    """The path of a cluster secret."""
    path = tmp_path / "secret"
    path.write_text("0" * 64)
    return str(path)


def test_nothing_given_is_all_in_one_on_loopback() -> None:
    """Without any setting pbe is all-in-one on 127.0.0.1:8090 with its data and objects in ./pbe_data."""
    got = load()
    assert (got.mode, str(got.http_addr), got.dir) == ("all-in-one", "127.0.0.1:8090", Path("pbe_data").absolute())
    assert got.replica_url == (Path("pbe_data").absolute() / "objects").as_uri()
    assert (got.max_tenants, got.domain, got.durability, got.s3_region) == (200, "localhost", "async", "us-east-1")


def test_each_mode_has_its_port(secret: str) -> None:
    """Control plane 8090, node 8091, gateway 8080."""
    common = {"cluster_secret_file": secret, "control_plane": "cp-1", "replica_url": "file:///objects"}
    ports = {mode: load(mode=mode, **common).http_addr.port for mode in ("control-plane", "tenant-node", "gateway")}
    assert ports == {"control-plane": 8090, "tenant-node": 8091, "gateway": 8080}


def test_documented_environment_files_configure_a_node(secret: str) -> None:
    """The variables of the documented env files are aliases."""
    got = load(
        {
            "CONTROL_PLANE_ADDRS": "10.0.0.1:8090,10.0.0.2:8090",
            "NODE_ADDRESS": "10.0.1.1:8091",
            "MAX_TENANTS": "100",
            "S3_ENDPOINT": "http://127.0.0.1:4566",
            "S3_BUCKET": "pbe-tenants",
            "S3_ACCESS_KEY": "a",
            "S3_SECRET_KEY": "b",
            "PBE_CLUSTER_SECRET_FILE": secret,
            "PBE_MODE": "tenant-node",
            "PB_LOG_LEVEL": "DEBUG",
        }
    )
    assert got.control_plane == (Address("10.0.0.1", 8090), Address("10.0.0.2", 8090))
    assert (str(got.node_address), got.max_tenants, got.replica_url) == ("10.0.1.1:8091", 100, "s3://pbe-tenants")
    assert (got.s3_endpoint, got.s3_access_key, got.s3_secret_key) == ("http://127.0.0.1:4566", "a", "b")
    assert got.debug


def test_documented_environment_files_configure_a_control_plane() -> None:
    """NODE_ID, RAFT_BIND_ADDR, RAFT_ADVERTISE_ADDR are aliases, and an empty RAFT_JOIN starts a cluster."""
    got = load(
        {"NODE_ID": "cp-1", "RAFT_BIND_ADDR": "10.0.0.1:7000", "RAFT_ADVERTISE_ADDR": "10.0.0.1:7000", "RAFT_JOIN": ""},
        mode="control-plane",
    )
    assert (got.node_id, str(got.raft_bind_addr), str(got.raft_advertise_addr)) == (
        "cp-1",
        "10.0.0.1:7000",
        "10.0.0.1:7000",
    )
    assert got.raft_join == ()


def test_flags_beat_variables_beat_the_file(tmp_path: Path) -> None:
    """A flag is stronger than PBE_…, that than its alias, that than the TOML file."""
    path = tmp_path / "pbe.toml"
    path.write_text('domain = "file.example"\nmax-tenants = 3\nraft_peers = ["a:1", "b:2"]\n"node-id" = "a"\n')
    environment = {"PBE_MAX_TENANTS": "4", "MAX_TENANTS": "5"}
    got = load(environment, config=str(path), domain="flag.example")
    assert (got.domain, got.max_tenants) == ("flag.example", 4)
    assert got.raft_peers == (Peer("a", Address("a", 1)), Peer("b", Address("b", 2)))
    assert load({"MAX_TENANTS": "5"}, config=str(path)).max_tenants == 5
    assert load(config=str(path)).max_tenants == 3


def test_peers_may_have_ids_that_are_no_hosts() -> None:
    """cp-1:7000 names host and member at once, cp-1=10.0.0.1:7000 names them apart."""
    got = load(mode="control-plane", node_id="cp-1", raft_peers="cp-1=10.0.0.1:7000,cp-2:7001")
    assert got.raft_peers == (Peer("cp-1", Address("10.0.0.1", 7000)), Peer("cp-2", Address("cp-2", 7001)))


def test_an_ipv6_address_is_an_address() -> None:
    """[::1]:8090 listens on IPv6's loopback."""
    got = load(http_addr="[::1]:8090").http_addr
    assert (got, str(got), got.is_loopback) == (Address("::1", 8090), "[::1]:8090", True)
    assert load(http_addr=":9000").http_addr == Address("0.0.0.0", 9000)
    assert not load(http_addr=":9000").http_addr.is_loopback


@pytest.mark.parametrize(
    ("flags", "sentence"),
    [
        ({"mode": "all"}, "--mode must be one of control-plane, tenant-node, gateway, all-in-one, not 'all'."),
        ({"http_addr": "127.0.0.1"}, "--http-addr must be HOST:PORT with a port up to 65535, not '127.0.0.1'."),
        ({"http_addr": "127.0.0.1:70000"}, "--http-addr must be HOST:PORT"),
        ({"http_addr": "a b:1"}, "--http-addr must be HOST:PORT"),
        ({"max_tenants": "0"}, "--max-tenants must be a whole number from 1 to 1000000, not '0'."),
        ({"max_tenants": "²"}, "--max-tenants must be a whole number"),
        ({"durability": "maybe"}, "--durability must be one of async, sync"),
        ({"domain": "no host"}, "--domain must be a host name"),
        ({"replica_url": "ftp://x"}, "--replica-url must be s3://bucket/prefix or file:///path"),
        ({"replica_url": "file://relative/path"}, "--replica-url must be"),
        ({"s3_endpoint": "127.0.0.1:4566", "s3_bucket": "bucket"}, "--s3-endpoint must be a URL"),
        ({"s3_endpoint": "http://127.0.0.1:4566"}, "--s3-endpoint needs --replica-url=s3://"),
        ({"s3_bucket": "bucket", "replica_url": "s3://other/x"}, "--s3-bucket says bucket but"),
        ({"s3_bucket": "B"}, "--s3-bucket must be a bucket's name"),
        ({"s3_bucket": "bucket", "s3_access_key": "a"}, "--s3-access-key and --s3-secret-key go together"),
        ({"tls_cert": "/nowhere"}, "--tls-cert and --tls-key go together"),
        ({"https_addr": "1.2.3.4:443"}, "--https-addr needs --tls-cert"),
        ({"mode": "gateway"}, "--control-plane is needed with --mode=gateway"),
        ({"mode": "tenant-node", "control_plane": "a:1"}, "--replica-url is needed with --mode=tenant-node"),
        ({"mode": "gateway", "control_plane": "a:1,a:1"}, "--control-plane must not name an address twice"),
        ({"mode": "gateway", "control_plane": "a:0"}, "--control-plane must name real ports"),
        ({"mode": "gateway", "control_plane": "a:1", "dir": "/nowhere"}, "There is no cluster secret at /nowhere"),
        ({"raft_peers": "cp-1:7000", "node_id": "cp-9"}, "--raft-peers does not name this member: cp-9 is not among"),
        ({"raft_peers": "cp-1:7000,cp-1:7001", "node_id": "cp-1"}, "--raft-peers must not name a member twice"),
        ({"raft_peers": "a:1", "raft_join": "b:1", "node_id": "a"}, "--raft-peers and --raft-join exclude"),
        ({"node_id": "a b"}, "--node-id must be 1 to 63 letters"),
        ({"labels": "fast"}, "--labels must be key=value pairs"),
        ({"trusted_callers": "10.0.0.0/99"}, "--trusted-callers must be networks"),
        ({"cluster_secret_file": "/nowhere/secret"}, "--cluster-secret-file names /nowhere/secret, which is not"),
        ({"config": "/nowhere.toml"}, "The file /nowhere.toml of --config cannot be read"),
        ({"dir": "/dev/null/x"}, "--dir names /dev/null/x, but /dev/null is not a folder."),
    ],
)
def test_a_wrong_value_is_one_sentence(flags: dict[str, str], sentence: str) -> None:
    """What is wrong is said with the flag's name, what it must be, and what it was."""
    with pytest.raises(ConfigError) as caught:
        load(**flags)
    assert str(caught.value).startswith(sentence)
    assert str(caught.value).endswith(".")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("domian = 'x'", "has an unknown setting domian."),
        ("domain = 1.5", "must be a text, a number, true or false, or a list of texts."),
        ("dir = '/x'\ndata-dir = '/y'", "sets dir twice."),
        ("domain", "is not TOML"),
        ("mode = 'x'", "must be one of"),
    ],
)
def test_a_wrong_file_is_one_sentence(tmp_path: Path, text: str, sentence: str) -> None:
    """A mistake in the TOML file names the file."""
    path = tmp_path / "pbe.toml"
    path.write_text(text)
    with pytest.raises(ConfigError) as caught:
        load(config=str(path))
    assert sentence in str(caught.value)
    assert str(path) in str(caught.value)


def test_secrets_are_not_repeated_in_errors() -> None:
    """A wrong secret key is not shown, nor is one in the configuration's text."""
    with pytest.raises(ConfigError) as caught:
        load(s3_secret_key=" ")
    assert "' '" not in str(caught.value)
    assert "hunter2" not in repr(load(s3_bucket="bucket", s3_access_key="a", s3_secret_key="hunter2"))


def test_every_setting_is_a_field_of_the_configuration() -> None:
    """The table and the configuration name the same things."""
    inputs_only = {"config", "s3_bucket"}
    assert {setting.key for setting in SETTINGS} - inputs_only == set(config.Config.__dataclass_fields__)


def test_no_spelling_means_two_settings() -> None:
    """No flag and no variable is shared."""
    flags = [flag for setting in SETTINGS for flag in (setting.name, *setting.flags)]
    variables = [name for setting in SETTINGS for name in setting.variables]
    assert len(flags) == len(set(flags))
    assert len(variables) == len(set(variables))
