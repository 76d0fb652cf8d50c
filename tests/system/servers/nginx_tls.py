# SPDX-License-Identifier: BSL-1.0
"""nginx as TLS in front of a plain WebSocket server. Writes "port N" when it listens; ends with its input."""

import argparse
import os
import pathlib
import shutil
import socket
import subprocess
import sys
import tempfile
import time

ATTEMPTS = 5
START_SECONDS = 10


def parse_arguments():
    parser = argparse.ArgumentParser()
    parser.add_argument("--backend", required=True, help="port of the plain server")
    parser.add_argument("--certificate", required=True)
    parser.add_argument("--private-key", required=True)
    return parser.parse_args()


def find_nginx():
    found = shutil.which("nginx", path=os.environ.get("PATH", "") + ":/usr/sbin:/usr/local/sbin")
    if not found:
        sys.exit("nginx is missing: apt-get install nginx-light")
    return found


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def write_configuration(folder, port, arguments):
    text = pathlib.Path(__file__).with_name("nginx.conf.in").read_text()
    for name, value in {
        "USER": "user root;" if os.geteuid() == 0 else "",
        "PORT": str(port),
        "CERTIFICATE": os.path.abspath(arguments.certificate),
        "PRIVATE_KEY": os.path.abspath(arguments.private_key),
        "BACKEND": arguments.backend,
    }.items():
        text = text.replace("@" + name + "@", value)
    (folder / "nginx.conf").write_text(text)


def start(nginx, folder):
    """The running nginx, or None if it cannot have its port. It writes its pid file when it listens."""
    process = subprocess.Popen(
        [nginx, "-e", "stderr", "-p", folder, "-c", "nginx.conf"], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL
    )
    give_up = time.monotonic() + START_SECONDS
    while time.monotonic() < give_up and process.poll() is None:
        pid_file = folder / "nginx.pid"
        if pid_file.exists() and pid_file.read_text().strip() == str(process.pid):
            return process
        time.sleep(0.01)
    process.kill()
    process.wait()
    return None


def serve(folder, arguments):
    nginx = find_nginx()
    # nginx cannot let the system choose its port, and another program may take the free one first.
    for _ in range(ATTEMPTS):
        port = free_port()
        write_configuration(folder, port, arguments)
        process = start(nginx, folder)
        if process:
            print("port", port, flush=True)
            sys.stdin.read()
            process.terminate()
            process.wait()
            return
    sys.exit("nginx does not start")


with tempfile.TemporaryDirectory(prefix="websockxx-nginx-") as temporary:
    serve(pathlib.Path(temporary), parse_arguments())
