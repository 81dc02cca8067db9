"""The default set-up in a network namespace that has nothing but a loopback: it works, and nothing even tried to leave."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import templates

ROOT = Path(__file__).resolve().parent.parent
# The kernel counts each packet that had no route out of the namespace.
INSIDE = """
import fcntl, socket, struct, subprocess, sys, time, urllib.request

def refused():
    lines = [line.split() for line in open("/proc/net/snmp") if line.startswith("Ip:")]
    return int(dict(zip(*lines))["OutNoRoutes"])

with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as control:
    fcntl.ioctl(control, 0x8914, struct.pack("16sh", b"lo", 1))  # SIOCSIFFLAGS, IFF_UP
service = subprocess.Popen([sys.executable, "manage.py", "start", "--port", "8000"], stdout=subprocess.DEVNULL)
try:
    for _ in range(300):
        try:
            urllib.request.urlopen("http://127.0.0.1:8000/health/ready", timeout=5)
            break
        except OSError:
            time.sleep(0.2)
    demo = subprocess.run([sys.executable, "manage.py", "demo", "--port", "8000"], capture_output=True, text=True)
    doctor = subprocess.run([sys.executable, "manage.py", "doctor", "--running"], capture_output=True, text=True)
finally:
    service.terminate()
    service.wait()
print("demo", demo.returncode, "doctor", doctor.returncode, "tried", refused())
try:
    socket.create_connection(("192.0.2.1", 443), timeout=1)
except OSError:
    print("control", refused())
if demo.returncode or doctor.returncode:
    print(demo.stdout[-2000:], demo.stderr[-2000:], doctor.stdout)
"""


@pytest.mark.service
@pytest.mark.engine
def test_serving_and_the_demo_need_no_network_and_try_none(tmp_path: Path) -> None:
    unshare = shutil.which("unshare")
    own = [str(unshare), "--net", *([] if os.geteuid() == 0 else ["--map-root-user"])]
    if unshare is None or subprocess.run([*own, "true"], capture_output=True, check=False).returncode:
        pytest.skip("a network namespace (unshare --net) is not to be had")
    foreign = ("DATABASE_URL", "REDIS_URL", "STORAGE_URL", "SENTRY_DSN", "KEY_WRAPPER", "OTEL_EXPORTER_OTLP_ENDPOINT")
    clean = {name: value for name, value in os.environ.items() if name not in foreign}
    settings = {**clean, "DJANGO_SETTINGS_MODULE": "config.settings", "DATA_DIR": str(tmp_path), "WORKERS": "1", "RATE_LIMIT": "off"}
    templates.sqlite(tmp_path / "vouchbox.sqlite3")
    command = [*own, sys.executable, "-c", INSIDE]
    done = subprocess.run(command, cwd=ROOT, env=settings, capture_output=True, text=True, timeout=240, check=False)
    assert done.stdout.splitlines()[:2] == ["demo 0 doctor 0 tried 0", "control 1"], done.stdout + done.stderr[-2000:]
