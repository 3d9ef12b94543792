"""Links between nodes over TLS: who is let in, what is wrong with a file, and new certificates while a node runs."""
import os
import re
import signal

import pytest

from certificates import Authority
from conftest import NodeCluster, cluster_maker, run_cogo
from test_nodes import until


@pytest.fixture
def make_cluster(tmp_path):
    yield from cluster_maker(tmp_path, NodeCluster)


@pytest.fixture(scope="module")
def ca(tmp_path_factory):
    return Authority(tmp_path_factory.mktemp("ca"))


@pytest.fixture(scope="module")
def other(tmp_path_factory):
    return Authority(tmp_path_factory.mktemp("other"), "other")


def tls_cluster(make_cluster, settings, worker):
    """An orchestrator "leader", and a worker node "w1"."""
    return make_cluster(args=["--node-name", "leader"], env=settings, worker_types="sandbox", worker_env=worker,
                        worker_args=["--node-name", "w1"])


def refused(cluster, reason):
    text = cluster.call("GET", "/metrics").body.decode()
    return int(re.search(r'cogo_link_refused_total\{reason="%s"\} (\d+)' % reason, text).group(1))


def test_who_has_no_certificate_of_the_authority_stays_outside(make_cluster, ca, other, tmp_path):
    cluster = tls_cluster(make_cluster, ca.issue("leader"), ca.issue("w1"))
    assert cluster.submit("echo", {"a": 1}, wait="10s").json["state"] == "succeeded"
    assert refused(cluster, "tls") == 0

    def stranger(name, word, env):
        before = refused(cluster, "tls")
        node, _ = cluster.launch(
            ["node", "--role", "worker", "--type", "sandbox", "--node-name", name, "--data", str(tmp_path / name), "--join",
             f"127.0.0.1:{cluster.node_port}"], str(tmp_path / (name + ".log")), word,
            env=dict({key: "" for key in ca.issue("any")}, **env))
        until(lambda: refused(cluster, "tls") > before)
        node.kill()
        node.wait(10)
    stranger("plain", "not joined, tried again", {})
    stranger("foreign", "not joined, tried again: tls: ", other.issue("foreign"))
    trusting = other.issue("trusting")
    trusting["COGO_TLS_CA"] = ca.pem + ".both"  # Trusts both, and shows what the leader does not know.
    with open(trusting["COGO_TLS_CA"], "w") as both:
        both.write(open(ca.pem).read() + open(other.pem).read())
    stranger("trusting", "not joined, tried again", trusting)
    assert [n["name"] for n in cluster.call("GET", "/v1/nodes").json["nodes"]] == ["leader", "w1"]


def test_tls_without_a_secret_is_enough_off_loopback(ca, tmp_path, make_cluster):
    """A node listens on all addresses, which it may only with a secret or certificates."""
    cluster = make_cluster(args=["--node-name", "leader", "--listen-node", "0.0.0.0:0"], env=ca.issue("leader"),
                           worker_types="sandbox", worker_args=["--node-name", "w1"], worker_env=ca.issue("w1"))
    assert cluster.submit("echo", {}, wait="10s").json["state"] == "succeeded"


def broken(what, ca, other, folder):
    """The three settings of a node named n, with one thing wrong; and what the error says."""
    good = ca.issue("n", str(folder / "good"))
    cert, key, authority = good["COGO_TLS_CERT"], good["COGO_TLS_KEY"], good["COGO_TLS_CA"]
    if what == "one is missing":
        return dict(good, COGO_TLS_KEY=""), "--tls-key is missing"
    if what == "no such file":
        return dict(good, COGO_TLS_CERT=cert + ".gone"), f"--tls-cert {cert}.gone: No such file"
    if what == "a folder":
        return dict(good, COGO_TLS_CA=str(folder)), f"--tls-ca {folder}: not a file"
    if what == "another key":
        return dict(good, COGO_TLS_KEY=ca.issue("n")["COGO_TLS_KEY"]), "key values mismatch"
    if what == "not PEM":
        open(cert, "w").write("nothing\n")
        return good, f"certificate {cert}: "
    if what == "no authority":
        open(authority, "w").write("nothing\n")
        return good, f"certificate authority {authority}: "
    if what == "expired":
        return ca.issue("n", begin="20200101000000Z", end="20200102000000Z"), "certificate has expired"
    if what == "not yet":
        return ca.issue("n", begin="20900101000000Z", end="20900102000000Z"), "certificate is not yet valid"
    if what == "another name":
        return ca.issue("m"), "none of its DNS names is that of the node, n"
    if what == "only a client":
        return ca.issue("n", usage="clientAuth"), "certificate purpose"
    assert what == "another authority"
    return dict(good, COGO_TLS_CA=other.pem), f"certificate {cert}: unable to get local issuer certificate"


@pytest.mark.parametrize("what", ["one is missing", "no such file", "a folder", "another key", "not PEM", "no authority", "expired",
                                  "not yet", "another name", "only a client", "another authority"])
def test_a_file_that_cannot_be_used_is_named(ca, other, tmp_path, what):
    env, word = broken(what, ca, other, tmp_path)
    done = run_cogo("node", "--role", "worker", "--type", "sandbox", "--node-name", "n", "--data", str(tmp_path / "d"), "--join",
                    "127.0.0.1:1", env=env, timeout=30)
    assert done.returncode == 2 and word in done.stderr, done.stderr
    assert "PRIVATE" not in done.stderr


def test_new_certificates_are_taken_into_use_while_nodes_run(make_cluster, ca, other, tmp_path):
    """Both move to another authority: by a signal here, by the change of the files there."""
    leader, worker = str(tmp_path / "leader"), str(tmp_path / "worker")
    cluster = tls_cluster(make_cluster, ca.issue("leader", leader), ca.issue("w1", worker))
    os.chmod(os.path.join(worker, "key.pem"), 0o644)
    log = cluster.data + ".workers.log"

    other.issue("w1", worker)
    other.issue("leader", leader)
    cluster.process.send_signal(signal.SIGHUP)
    until(lambda: "certificates read again" in open(cluster.log_path).read())
    assert cluster.submit("echo", {}, wait="10s").json["state"] == "succeeded"  # The link from before is still there.
    until(lambda: "certificates read again" in open(log).read(), 60)

    open(os.path.join(leader, "cert.pem"), "w").write("nothing\n")
    cluster.process.send_signal(signal.SIGHUP)
    said = until(lambda: re.search("certificates not read again.*", open(cluster.log_path).read()))
    assert os.path.join(leader, "cert.pem") in said.group(0)

    cluster.kill_workers()  # The next one has only ever known the other authority.
    os.chmod(os.path.join(worker, "key.pem"), 0o644)
    cluster.start_workers()
    assert f"{worker}/key.pem can be read by everybody" in open(log).read()
    assert cluster.submit("echo", {}, wait="10s").json["state"] == "succeeded"
