"""Atheris (libFuzzer with coverage of our Python) on one harness after another: ``python tests/fuzz/run.py [--minutes 1] [--only NAME…]``.

Each runs in a process of its own with limits of time and memory for one input. A find is printed as Python bytes, to be kept in
``harnesses.FOUND``; exit 1 when there was one.
"""

from __future__ import annotations

import argparse
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SECONDS_AN_INPUT, MEGABYTES = 20, 4096


def fuzz(name: str, folder: Path) -> None:
    """In the process of one harness; does not return."""
    import atheris

    with atheris.instrument_imports(include=["documents", "config", "flows", "verifications"]):
        import django

        django.setup()
        import harnesses
    target = harnesses.HARNESSES[name]
    arguments = [
        sys.argv[0], str(folder / "corpus"), f"-artifact_prefix={folder}/", f"-timeout={SECONDS_AN_INPUT}", f"-rss_limit_mb={MEGABYTES}",
        "-max_len=65536",
        f"-max_total_time={os.environ['FUZZ_SECONDS']}", "-print_final_stats=1", "-verbosity=1",
    ]  # fmt: skip
    atheris.Setup(arguments, target)
    atheris.Fuzz()


def main(names: list[str], seconds: int) -> int:
    found = 0
    for name in names:
        with tempfile.TemporaryDirectory(prefix="vouchbox-fuzz-") as place:
            folder = Path(place)
            environment = {**os.environ, "DJANGO_SETTINGS_MODULE": "config.settings_test", "DATA_DIR": place, "FUZZ_SECONDS": str(seconds)}
            environment["PYTHONPATH"] = os.pathsep.join([str(ROOT), str(ROOT / "tests"), str(Path(__file__).parent)])
            subprocess.run([sys.executable, __file__, "--seed", name, place], env=environment, cwd=ROOT, check=True)
            command = [sys.executable, __file__, "--harness", name, place]
            done = subprocess.run(command, env=environment, cwd=ROOT, capture_output=True, text=True, errors="replace", check=False)
            runs = re.search(r"stat::number_of_executed_units:\s*(\d+)", done.stderr)
            covered = re.findall(r"cov: (\d+)", done.stderr)
            print(f"{name}: {runs.group(1) if runs else '?'} inputs, {covered[-1] if covered else '?'} places reached", flush=True)
            broken = [path for path in folder.iterdir() if path.is_file() and path.name.split("-")[0] in ("crash", "timeout", "oom")]
            for path in broken:
                print(f"  {path.name.split('-')[0]}: {path.read_bytes()[:4000]!r}\n" + "\n".join(_said(done.stderr)), flush=True)
            if done.returncode and not broken:
                print(f"  ended with {done.returncode}:\n" + done.stderr[-3000:], flush=True)
            found += bool(broken or done.returncode)
    return 1 if found else 0


def _said(errors: str) -> list[str]:
    start = errors.find("=== Uncaught Python exception")
    return [f"  {line}" for line in (errors[start:] if start >= 0 else errors[-3000:]).splitlines()[:40]]


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--minutes", type=float, default=1)
    parser.add_argument("--only", nargs="*", default=[])
    parser.add_argument("--harness", nargs=2, help=argparse.SUPPRESS)
    parser.add_argument("--seed", nargs=2, help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    if chosen.harness:
        fuzz(chosen.harness[0], Path(chosen.harness[1]))
    sys.path[:0] = [str(ROOT), str(ROOT / "tests"), str(Path(__file__).parent)]
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings_test")
    import django

    django.setup()
    import harnesses

    if chosen.seed:
        corpus = Path(chosen.seed[1]) / "corpus"
        corpus.mkdir()
        for number, data in enumerate(harnesses.seeds(chosen.seed[0])):
            (corpus / str(number)).write_bytes(data)
        sys.exit(0)
    sys.exit(main([name for name in harnesses.HARNESSES if not chosen.only or name in chosen.only], int(chosen.minutes * 60)))
