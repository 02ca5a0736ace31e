"""A long cable between two network interfaces: each frame is held for a time before it leaves at the other end.

    python tests/support/cable.py INTERFACE INTERFACE DELAY_S LOSS

Of all frames a share is lost, by lot. It stands in for the kernel's netem where there is none: whole frames are held,
acknowledgements and handshakes too, so that the kernel at either end sees a longer round trip. It ends with its stdin.
"""

import random
import select
import socket
import sys
import time
from collections import deque
from contextlib import suppress

ETH_P_ALL = 3  # linux/if_ether.h
SO_RCVBUFFORCE = 33  # asm/socket.h
SOL_PACKET, PACKET_VNET_HDR, PACKET_IGNORE_OUTGOING = 263, 15, 23  # linux/if_packet.h
BUFFER = 16 * 2**20  # bytes
LONGEST = 66 * 2**10  # bytes of a frame: the kernel hands over 64 KiB that it would cut into packets later
MOST_HELD = 50_000  # frames; more are lost, as at a full switch
AT_ONCE = 64  # frames read before others are sent


def main(one: str, other: str, delay_s: str, loss: str) -> None:
    ends = opened(one), opened(other)
    across = {ends[0]: ends[1], ends[1]: ends[0]}
    held: deque[tuple[float, socket.socket, bytes]] = deque()  # when it is due, and where to; in this order
    lot = random.Random(1)
    print("READY", flush=True)
    while True:
        wait_s = max(0.0, held[0][0] - time.monotonic()) if held else None
        ready, _, _ = select.select([*ends, sys.stdin], [], [], wait_s)
        if sys.stdin in ready:
            return
        for end in ready:
            for frame in arrived(end):
                if lot.random() >= float(loss) and len(held) < MOST_HELD:
                    held.append((time.monotonic() + float(delay_s), across[end], frame))
        while held and held[0][0] <= time.monotonic():
            _, end, frame = held.popleft()
            with suppress(OSError):  # that end is cut off
                end.send(frame)


def opened(interface: str) -> socket.socket:
    """All that arrives there; each frame begins with what the kernel has left undone of it (checksum, cutting up)."""
    sock = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
    sock.setsockopt(SOL_PACKET, PACKET_VNET_HDR, 1)
    sock.setsockopt(SOL_PACKET, PACKET_IGNORE_OUTGOING, 1)
    sock.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, BUFFER)
    sock.bind((interface, ETH_P_ALL))
    sock.setblocking(False)
    return sock


def arrived(end: socket.socket) -> list[bytes]:
    frames = []
    with suppress(OSError):  # no more of them, or cut off
        while len(frames) < AT_ONCE:
            frames.append(end.recv(LONGEST))
    return frames


if __name__ == "__main__":
    main(*sys.argv[1:])
