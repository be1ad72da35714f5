"""Serve a folder of plain files to this machine: what any static web server does."""

import argparse
import sys
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

HOST = "127.0.0.1"


class Handler(SimpleHTTPRequestHandler):
    """Serves files under the names that browsers insist on, and tells only of what is missing."""

    extensions_map = {  # noqa: RUF012 - a class attribute of the standard library
        **SimpleHTTPRequestHandler.extensions_map,
        ".js": "text/javascript",
        ".mjs": "text/javascript",
        ".wasm": "application/wasm",
        ".whl": "application/zip",
        ".ipynb": "application/json",
    }

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Say nothing about what was served."""


def serve(folder: Path, port: int) -> ThreadingHTTPServer:
    """Return a server of the folder, on loopback alone; port 0 takes a free one."""
    return ThreadingHTTPServer((HOST, port), partial(Handler, directory=str(folder)))


def main() -> None:
    """Serve the folder that the command line names until Ctrl+C."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--port", type=int, default=8000)
    options = parser.parse_args()
    if not (options.folder / "index.html").is_file():
        raise SystemExit(f"{options.folder} holds no site: run `make site` first")
    with serve(options.folder, options.port) as server:
        sys.stdout.write(f"http://{HOST}:{server.server_port}/  (Ctrl+C ends it)\n")
        sys.stdout.flush()
        try:
            server.serve_forever()
        except KeyboardInterrupt:
            return


if __name__ == "__main__":
    main()
