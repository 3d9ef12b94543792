"""Hosts as network namespaces on one switch: cables, partitions, one-way cuts, a slow cable, and a name service. Root only.

The switch is a namespace of its own, so that nothing of the machine's network is touched. A thread of the test is on a host
while it is `inside` it; a process is, when it was started with the words of Host.enter.
"""
import contextlib
import ctypes
import os
import shutil
import signal
import subprocess
import time

CLONE_NEWNET = 0x40000000
PREFIX = "10.77"
MTU_BURST = "16kb"
WAIT_S = 10
libc = ctypes.CDLL(None, use_errno=True)


def command(*words, text=None):
    done = subprocess.run(words, input=text, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, f"{' '.join(words)}: {done.stderr.strip()}"
    return done.stdout


@contextlib.contextmanager
def inside(space):
    """What this thread opens meanwhile is on that namespace's network."""
    with open("/proc/thread-self/ns/net") as home, open(f"/run/netns/{space}") as there:
        assert libc.setns(there.fileno(), CLONE_NEWNET) == 0, os.strerror(ctypes.get_errno())
        try:
            yield
        finally:
            assert libc.setns(home.fileno(), CLONE_NEWNET) == 0


class Host:
    def __init__(self, net, name, number):
        self.net, self.name, self.number = net, name, number
        self.space, self.port = f"{net.tag}-{name}", f"p{number}"
        self.address = f"{PREFIX}.{number // 250}.{number % 250 + 2}"
        self.enter = ["ip", "netns", "exec", self.space]
        self.cable = None

    def plug(self, cable=None):
        """@cable makes both ends of one; without it there is a veth pair."""
        command("ip", "netns", "add", self.space)
        if cable is not None:
            self.cable = cable(self)
        else:
            command("ip", "link", "add", "v0", "netns", self.space, "type", "veth", "peer", "name", self.port, "netns", self.net.switch)
            command(*net_words(self.net.switch), "link", "set", self.port, "master", "br0", "up")
        mine = net_words(self.space)
        command(*mine, "link", "set", "lo", "up")
        command(*mine, "addr", "add", f"{self.address}/16", "dev", "v0")
        command(*mine, "link", "set", "v0", "up")

    def pull(self):
        """The cable: nobody hears of it by a packet."""
        command(*net_words(self.net.switch), "link", "set", self.port, "down")

    def slow(self, bits):
        """Both ways at most so many bits a second (tbf), or as fast as can be: None."""
        for where, device in ((self.net.switch, self.port), (self.space, "v0")):
            if bits is None:
                command("tc", "-n", where, "qdisc", "del", "dev", device, "root")
            else:
                command("tc", "-n", where, "qdisc", "add", "dev", device, "root", "tbf", "rate", f"{bits}bit", "burst", MTU_BURST,
                        "latency", "400ms")

    def remove(self):
        if self.cable is not None:
            self.cable.close()
        subprocess.run(["ip", "netns", "del", self.space], capture_output=True)
        shutil.rmtree(f"/etc/netns/{self.space}", ignore_errors=True)


def net_words(space):
    return ["ip", "-n", space]


class Network:
    """Close it: namespaces outlive the process that made them."""

    def __init__(self, tag=None):
        self.tag = tag or f"cg{os.getpid()}"
        self.switch, self.hosts, self.count = f"{self.tag}-sw", {}, 0
        command("ip", "netns", "add", self.switch)
        ip = net_words(self.switch)
        command(*ip, "link", "set", "lo", "up")
        # An address of its own: else it takes that of a port, and another one when that port goes.
        command(*ip, "link", "add", "br0", "address", "02:00:0a:4d:00:01", "type", "bridge")
        command(*ip, "addr", "add", f"{PREFIX}.0.1/16", "dev", "br0")
        command(*ip, "link", "set", "br0", "up")

    def add(self, name, cable=None):
        """A host with an address that nobody had before; @cable as for plug()."""
        self.count += 1
        host = Host(self, name, self.count)
        self.hosts[name] = host
        host.plug(cable)
        return host

    def remove(self, host):
        host.remove()
        if self.hosts.get(host.name) is host:
            del self.hosts[host.name]

    def cut(self, pairs, share=100):
        """Drops what goes from the first to the second host of each pair; of @p share percent of it at random. Replaces what was cut."""
        chance = "" if share == 100 else f"numgen random mod 100 < {share} "
        rules = "".join(f'iifname "{a.port}" oifname "{b.port}" {chance}counter drop\n' for a, b in pairs)
        self.heal()
        command("ip", "netns", "exec", self.switch, "nft", "-f", "-",
                text="table bridge cut {\nchain ways {\ntype filter hook forward priority 0\n" + rules + "}\n}\n")

    def part(self, one_side, other_side):
        self.cut([(a, b) for a in one_side for b in other_side] + [(b, a) for a in one_side for b in other_side])

    def heal(self):
        subprocess.run(["ip", "netns", "exec", self.switch, "nft", "delete", "table", "bridge", "cut"], capture_output=True)

    def close(self):
        for host in list(self.hosts.values()):
            self.remove(host)
        subprocess.run(["ip", "netns", "del", self.switch], capture_output=True)


class Names:
    """dnsmasq on the switch, answering like headless Services: each name has the addresses of all its members, none is kept."""

    def __init__(self, net, folder):
        self.net, self.members = net, {}
        self.path = os.path.join(folder, "hosts")
        self.publish()
        self.process = subprocess.Popen(
            ["ip", "netns", "exec", net.switch, "dnsmasq", "--keep-in-foreground", "--conf-file=/dev/null", "--no-resolv", "--no-hosts",
             f"--addn-hosts={self.path}", "--cache-size=0", "--local-ttl=0", f"--listen-address={PREFIX}.0.1", "--bind-interfaces",
             f"--pid-file={folder}/dnsmasq.pid", "--user=root"], stderr=open(os.path.join(folder, "dnsmasq.log"), "wb"))

    def resolv(self, host):
        """`ip netns exec` mounts it over /etc/resolv.conf."""
        folder = f"/etc/netns/{host.space}"
        os.makedirs(folder, exist_ok=True)
        with open(os.path.join(folder, "resolv.conf"), "w") as file:
            file.write(f"nameserver {PREFIX}.0.1\noptions timeout:1 attempts:2\n")

    def publish(self):
        lines = "".join(f"{address} {name}\n" for name, addresses in self.members.items() for address in addresses)
        with open(self.path + ".new", "w") as file:
            file.write(lines)
        os.rename(self.path + ".new", self.path)

    def change(self, name, add=None, remove=None):
        members = self.members.setdefault(name, [])
        if add:
            members.append(add)
        if remove in members:
            members.remove(remove)
        self.publish()
        self.process.send_signal(signal.SIGHUP)  # It reads its file again.

    def close(self):
        self.process.kill()
        self.process.wait(WAIT_S)


def wait_for(what, seconds, told):
    """Seconds until it was so."""
    start = time.monotonic()
    while time.monotonic() - start < seconds:
        if what():
            return time.monotonic() - start
        time.sleep(0.02)
    raise AssertionError(f"not within {seconds} s: {told}")
