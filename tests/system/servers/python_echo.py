# SPDX-License-Identifier: BSL-1.0
"""An echo server on python-websockets (Debian: python3-websockets). It writes "port N" when it listens, and ends with
its input.

/       each message comes back
/close  the first message is answered with close 4001 "bye"
/ping   each message is sent as a ping, and comes back when its pong has come
"""

import argparse
import asyncio
import os
import ssl
import sys
import threading

try:
    import websockets
except ImportError:
    sys.exit("The Python package websockets is missing for " + sys.executable + ": apt-get install python3-websockets")


def parse_arguments():
    parser = argparse.ArgumentParser()
    parser.add_argument("--certificate")
    parser.add_argument("--private-key")
    parser.add_argument("--deflate", action="store_true")
    parser.add_argument("--subprotocol", action="append")
    return parser.parse_args()


async def converse(socket):
    path = socket.path if hasattr(socket, "path") else socket.request.path
    async for message in socket:
        if path == "/close":
            await socket.close(4001, "bye")
            return
        if path == "/ping":
            await (await socket.ping(message))
        await socket.send(message)


def end_with_input():
    sys.stdin.read()
    os._exit(0)


async def serve(arguments):
    tls = None
    if arguments.certificate:
        tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        tls.load_cert_chain(arguments.certificate, arguments.private_key)
    server = await websockets.serve(
        converse,
        "127.0.0.1",
        0,
        ssl=tls,
        max_size=32 * 1024 * 1024,
        compression="deflate" if arguments.deflate else None,
        subprotocols=arguments.subprotocol,
    )
    print("port", next(iter(server.sockets)).getsockname()[1], flush=True)
    await asyncio.Future()


threading.Thread(target=end_with_input, daemon=True).start()
asyncio.run(serve(parse_arguments()))
