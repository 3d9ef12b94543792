"""A cable with delay and loss between a host and its switch, for kernels without netem: frames of two TAP devices, carried by a thread."""
import fcntl
import heapq
import os
import random
import select
import struct
import threading
import time

from hosts import command, inside, net_words

TUNSETIFF, IFF_TAP, IFF_NO_PI = 0x400454CA, 0x0002, 0x1000
FRAME_MAX = 65536
WAITING_MAX = 20000  # Frames on their way; more are lost, as in a switch whose buffer is full.
POLL_S = 0.2


def tap(space, name):
    """Opens the device in that namespace; frames are read and written here."""
    with inside(space):
        fd = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK)
        fcntl.ioctl(fd, TUNSETIFF, struct.pack("16sH22x", name.encode(), IFF_TAP | IFF_NO_PI))
    return fd


class Cable:
    """`delay_s` each way; `loss`: share of frames, 0 to 1, that each way loses at random."""

    def __init__(self, host):
        self.delay_s, self.loss, self.lost, self.random = 0, 0, 0, random.Random(1)
        self.ends = [tap(host.space, "v0"), tap(host.net.switch, host.port)]
        switch = net_words(host.net.switch)
        command(*switch, "link", "set", host.port, "master", "br0", "up")
        self.over = False
        self.thread = threading.Thread(target=self.carry, daemon=True)
        self.thread.start()

    def carry(self):
        waiting, number = [], 0
        while not self.over:
            left = max(0, waiting[0][0] - time.monotonic()) if waiting else POLL_S
            for source in select.select(self.ends, [], [], min(left, POLL_S))[0]:
                try:
                    frame = os.read(source, FRAME_MAX)
                except OSError:  # Its device is down or gone.
                    continue
                if self.random.random() < self.loss or len(waiting) >= WAITING_MAX:
                    self.lost += 1
                    continue
                number += 1
                target = self.ends[1] if source == self.ends[0] else self.ends[0]
                heapq.heappush(waiting, (time.monotonic() + self.delay_s, number, target, frame))
            while waiting and waiting[0][0] <= time.monotonic():
                _, _, target, frame = heapq.heappop(waiting)
                try:
                    os.write(target, frame)
                except OSError:
                    self.lost += 1

    def close(self):
        self.over = True
        self.thread.join(10)
        for end in self.ends:
            os.close(end)
