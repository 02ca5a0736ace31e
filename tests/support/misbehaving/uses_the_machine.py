"""A process that uses the machine as it is told: one JSON command a line on stdin, `ok` when it is done.

["burn", S]            CPU time in this process          ["thread", S]  the same in a thread that ends
["child", S]           in a child that is waited for     ["grandchild", S]  in a child's child, both waited for
["zombie", S]          in a child that has ended and is not waited for
["touch", PAGES]       pages of memory written to        ["fork"]  a child that stays
Each answer is the CPU seconds (user and system) that the kernel counts for what was waited for.
"""

import json
import mmap
import os
import resource
import signal
import sys
import threading
import time


def burn(seconds: float) -> None:
    until = time.thread_time() + seconds
    while time.thread_time() < until:
        pass


def in_child(work: object, waited_for: bool = True) -> None:
    pid = os.fork()
    if not pid:
        work()  # type: ignore[operator]
        os._exit(0)
    os.waitid(os.P_PID, pid, os.WEXITED | (0 if waited_for else os.WNOWAIT))


def obey(what: str, amount: float = 0) -> None:
    match what:
        case "burn":
            burn(amount)
        case "thread":
            thread = threading.Thread(target=burn, args=(amount,))
            thread.start()
            thread.join()
        case "child":
            in_child(lambda: burn(amount))
        case "grandchild":
            in_child(lambda: in_child(lambda: burn(amount)))
        case "zombie":
            in_child(lambda: burn(amount), waited_for=False)
        case "touch":
            memory = mmap.mmap(-1, int(amount) * mmap.PAGESIZE)
            for page in range(int(amount)):
                memory[page * mmap.PAGESIZE] = 1
        case "fork":
            if not os.fork():
                signal.pause()


if __name__ == "__main__":
    os.setsid()
    print(0, flush=True)
    for line in sys.stdin:
        obey(*json.loads(line))
        children = resource.getrusage(resource.RUSAGE_CHILDREN)
        print(children.ru_utime + children.ru_stime, flush=True)
