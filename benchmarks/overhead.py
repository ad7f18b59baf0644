"""How much of an apply's wall time is our own: no Terraform, server or network call in flight.

    provisioning sandbox start
    .venv/bin/python benchmarks/overhead.py demo_shop staging

Samples the stacks of all threads every 5 ms while the apply runs. A sample is external when some thread
stands in a call that waits for a process or a socket; the rest is ours, and is listed by the innermost
package that it stands in. The start of Python and the imports count as ours.
"""

import sys
import threading
import time
from collections import Counter
from types import FrameType

STARTED = time.monotonic()
EVERY = 0.005

EXTERNAL = {
    ("subprocess.py", "wait"),
    ("subprocess.py", "_wait"),
    ("subprocess.py", "communicate"),
    ("selectors.py", "select"),
    ("connection.py", "getresponse"),
    ("client.py", "_read_status"),
    ("socket.py", "readinto"),
    ("socket.py", "create_connection"),
    ("ssl.py", "do_handshake"),
    ("ssl.py", "read"),
    ("query.py", "_wait_for"),
    ("nap.py", "sleep"),
}
ASLEEP = {("alert_routing.py", name) for name in ("prove_control", "prove_quiet", "_unsettled")}
"""`time.sleep` has no frame of its own: whoever calls it stands innermost."""


def frames(frame: FrameType | None) -> list[tuple[str, str, str]]:
    """File name, function and package of each frame, innermost first."""
    found = []
    while frame is not None:
        path = frame.f_code.co_filename
        package = path.split("site-packages/")[-1].split("/")[0] if "site-packages" in path else path.rsplit("/", 1)[-1]
        package = "provisioning_assets" if "provisioning_assets" in path else package
        found.append((path.rsplit("/", 1)[-1], frame.f_code.co_name, package))
        frame = frame.f_back
    return found


class Sampler(threading.Thread):
    """Looks at every thread but itself and the lock's heartbeat."""

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self.external = 0
        self.ours: Counter[str] = Counter()
        self.ended = threading.Event()

    def run(self) -> None:
        """Sample until it is ended."""
        while not self.ended.wait(EVERY):
            names = {thread.ident: thread.name for thread in threading.enumerate()}
            stacks = [
                frames(frame)
                for ident, frame in sys._current_frames().items()  # noqa: SLF001 - what a sampler is for
                if ident != self.ident and not names.get(ident, "").startswith("lock ")
            ]
            main = max(stacks, key=len, default=[])
            calls = {(file, function) for stack in stacks for file, function, _ in stack[:6]}
            if calls & EXTERNAL or {stack[0][:2] for stack in stacks} & ASLEEP:
                self.external += 1
            elif main:
                known = (package for _, _, package in main if not package.startswith("<"))
                self.ours[next(known, "python")] += 1


def main() -> None:
    """Apply, and print the share."""
    sampler = Sampler()
    sampler.start()
    from provisioning_assets.cli.engagements import graph  # noqa: PLC0415 - its import is part of what is measured
    from provisioning_assets.cli.runs import Jobs  # noqa: PLC0415

    imported = time.monotonic() - STARTED
    ran = Jobs(graph(sys.argv[1]), lambda _line: None).apply(sys.argv[2])
    sampler.ended.set()
    total = time.monotonic() - STARTED
    ours = sum(sampler.ours.values())
    share = ours / (ours + sampler.external)
    print(f"success: {ran.success}; wall time {total:.1f} s, imports {imported:.1f} s")
    print(f"no external call in flight: {share:.1%} ({share * total:.1f} s)")
    for package, count in sampler.ours.most_common(12):
        print(f"  {count / ours:6.1%}  {package}")


if __name__ == "__main__":
    main()
