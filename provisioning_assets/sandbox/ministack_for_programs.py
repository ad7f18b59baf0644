"""MiniStack, which no page of another site reaches by a browser. Its own Python runs this file."""

import sys
from pathlib import Path
from typing import Any

sys.path.append(str(Path(__file__).parents[2]))  # after its own packages

from provisioning_assets.core.pages import refused


def for_programs(application: Any) -> Any:
    """An ASGI application that refuses what a page of another site sent."""

    async def checked(scope: Any, receive: Any, send: Any) -> None:
        headers = {name.lower().decode("latin-1"): value.decode("latin-1") for name, value in scope.get("headers", ())}
        why = "" if scope["type"] == "lifespan" else refused(lambda name: headers.get(name, ""))
        if not why:
            await application(scope, receive, send)
        elif scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1008})
        else:
            await send({"type": "http.response.start", "status": 403, "headers": [(b"content-type", b"text/plain")]})
            await send({"type": "http.response.body", "body": f"refused: {why}\n".encode()})

    return checked


if __name__ == "__main__":
    from ministack import app

    app.app = for_programs(app.app)
    app.main()
