"""The ports of the web interface: taken before anything slow begins."""

import errno
import socket

from provisioning_assets.errors import ProvisioningError


def listen(port: int, option: str = "--port") -> socket.socket:
    """Listen on loopback. Whoever connects before the interface stands waits for it."""
    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # closed connections do not count
    try:
        listener.bind(("127.0.0.1", port))
        listener.listen(128)
    except OSError as error:
        listener.close()
        used = "another program, or another `provisioning ui`, listens there"
        raise ProvisioningError(
            f"port {port} cannot be used",
            where=f"127.0.0.1:{port}",
            cause=used if error.errno == errno.EADDRINUSE else error.strerror or type(error).__name__,
            remedy=f"take another one: provisioning ui {option} NUMBER; or end what listens there",
        ) from None
    return listener
