"""What the documentation says is so: commands, settings, links, pictures, rules, the container set, and the session with curl.

``RENEW_DOCS=1`` writes the table of rules anew.
"""

from __future__ import annotations

import importlib.util
import os
import re
import shutil
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import yaml
from django.core.management import get_commands, load_command_class
from servers import free_port, missing

import templates
from config import pipeline
from config.api.dialects.anycheck import shapes
from decisions.evidence import Case, DocumentEvidence, Evidence, Observed
from decisions.rules import registry
from decisions.rules.registry import Rule
from documents.types import CONTEXT_LABELS, DOCUMENT_TYPES
from flows import catalogue
from flows.definition import FlowDefinition

ROOT = Path(__file__).resolve().parent.parent
RULES = ROOT / "docs" / "rules.md"
PAGES = [ROOT / name for name in ("README.md", "CONTRIBUTING.md", "SECURITY.md")] + sorted((ROOT / "docs").rglob("*.md"))
PAGE_IDS = [str(page.relative_to(ROOT)) for page in PAGES]
each_page = pytest.mark.parametrize("page", PAGES, ids=PAGE_IDS)


# Statuses, outputs and errors of a dialect look like settings.
WORDS_OF_DIALECTS = {*shapes.STATUSES, *shapes.OUTPUTS, "INVALID_REQUEST", "INVALID_VALUE", "KTP_PEP", "KTP_SELFIE"}


def text_of(page: Path) -> str:
    return page.read_text(encoding="utf-8")


def everything_written() -> str:
    return "\n".join(text_of(page) for page in PAGES)


def code_in(text: str) -> str:
    """Fenced blocks and code spans: what somebody may type."""
    return "\n".join([*re.findall(r"^```\w*\n(.*?)^```", text, re.M | re.S), *re.findall(r"(?<!`)`([^`\n]+)`(?!`)", text)])


def shell_blocks(page: Path) -> list[str]:
    return re.findall(r"^```bash\n(.*?)^```", text_of(page), re.M | re.S)


def settings_in_example() -> dict[str, str]:
    return dict(re.findall(r"^#?([A-Z][A-Z0-9_]+)=(.*)$", text_of(ROOT / ".env.example"), re.M))


def settings_in_code() -> set[str]:
    source = text_of(ROOT / "config" / "settings.py")
    return set(re.findall(r"""env_(?:text|choice|int|bool|list|url|secret)\(\s*"([A-Z0-9_]+)\"""", source))


@each_page
def test_every_make_target_that_is_named_exists(page: Path) -> None:
    targets = set(re.findall(r"^([a-z]+):", text_of(ROOT / "Makefile"), re.M))
    named = set(re.findall(r"(?:^|[\s(=])make ([a-z]+)", code_in(text_of(page)), re.M))
    assert named <= targets


@each_page
def test_every_management_command_that_is_named_exists(page: Path) -> None:
    named = set(re.findall(r"manage\.py ([a-z_]+)", text_of(page)))
    assert named <= set(get_commands())


def test_every_command_and_target_of_ours_is_explained() -> None:
    operations = text_of(ROOT / "docs" / "operations.md")
    ours = {name for name, app in get_commands().items() if app in ("config", "flows", "verifications", "documents", "decisions")}
    assert {name for name in ours - {"openapi"} if f"manage.py {name}" not in operations and f"make {name}" not in operations} == set()
    targets = re.findall(r"^([a-z]+):.*##", text_of(ROOT / "Makefile"), re.M)
    assert [name for name in targets if f"make {name}`" not in operations and f"`make {name}`" not in operations] == []


def test_options_of_commands_exist() -> None:
    for row in re.findall(r"^\| (`manage\.py .*?) \|$", text_of(ROOT / "docs" / "operations.md"), re.M):
        name = re.findall(r"manage\.py ([a-z_]+)", row)[0]
        known = load_command_class(get_commands()[name], name).create_parser("manage.py", name).format_help()
        assert [option for option in re.findall(r"(?<![\w-])--[a-z-]+", row) if option not in known and option != "--deploy"] == [], name


def test_every_setting_is_in_the_example_and_the_other_way_round() -> None:
    assert set(settings_in_example()) == settings_in_code()


def test_the_table_of_settings_is_that_of_the_example() -> None:
    rows = dict(re.findall(r"^\| `([A-Z0-9_]+)` \| (.*?) \|", text_of(ROOT / "docs" / "operations.md"), re.M))
    example = settings_in_example()
    assert list(rows) == list(example)
    documented = {name: default.strip("`") for name, default in rows.items() if default.startswith("`")}
    for name, default in documented.items():
        assert example[name] == default, name


@each_page
def test_every_setting_that_is_named_exists(page: Path) -> None:
    known = settings_in_code() | {
        "PORT",
        "CI",
        "RENEW_DOCS",
        "SCREENSHOTS",
        "HOST",
        "TOKEN",
        "API",
        "CASE",
        "STATUS",
        "T",
        "CORPUS",
        "BASELINE",
        "PROMETHEUS_MULTIPROC_DIR",
        "TESSDATA_PREFIX",
        "MINUTES",
        "OTEL_EXPORTER_OTLP_HEADERS",
        "OTEL_SERVICE_NAME",
        "OTEL_TRACES_SAMPLER",
        "AWS_REQUEST_CHECKSUM_CALCULATION",
    }
    code = code_in(text_of(page))
    named = {re.sub(r"_FILE$", "", name) for name in re.findall(r"(?:^|[\s`])([A-Z][A-Z0-9_]+)=", code, re.M)}
    named |= set(re.findall(r"^([A-Z]+_[A-Z_]+)$", code, re.M)) - set(CONTEXT_LABELS) - WORDS_OF_DIALECTS
    assert named <= known


def anchors(page: Path) -> set[str]:
    headings = re.findall(r"^#+ (.+)$", text_of(page), re.M)
    return {re.sub(r"[^\w -]", "", heading).strip().lower().replace(" ", "-") for heading in headings}


@each_page
def test_links_lead_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)\s]+)\)", text_of(page)):
        if target.startswith(("http://", "https://")):
            continue
        path, _, anchor = target.partition("#")
        found = (page.parent / path).resolve() if path else page
        assert found.exists(), target
        assert not anchor or anchor in anchors(found), target


def test_pictures_are_there_and_used() -> None:
    used = {(page.parent / name).resolve() for page in PAGES for name in re.findall(r"!\[[^\]]+\]\(([^)\s]+)\)", text_of(page))}
    there = {path.resolve() for folder in ("images", "benchmarks") for path in (ROOT / "docs" / folder).glob("*.png")}
    assert used == there
    assert all(path.read_bytes().startswith(b"\x89PNG") for path in there)


def test_paths_that_are_named_exist() -> None:
    named = set(re.findall(r"`((?:config|decisions|documents|flows|verifications|tests|docs|requirements)/[\w./-]*)`", everything_written()))
    assert {path for path in named if not (ROOT / path).exists()} == set()


def test_nothing_is_claimed_that_is_not_so() -> None:
    words = everything_written().lower()
    assert "usps compliant" not in words
    assert "usps-compliant" not in words
    readme = text_of(ROOT / "README.md")
    for sentence in ("identity documents verified", "Form 1583 complete", "no liveness"):
        assert sentence in readme


def built_in_flows() -> dict[str, FlowDefinition]:
    return {definition.slug: definition for definition in sorted(catalogue.definitions(), key=lambda entry: entry.slug)}


def thresholds_of(values: Mapping[str, Any]) -> str:
    return ", ".join(f"{name} {value}" for name, value in values.items() if value not in (None, [])) or "–"


def outcome_in(definition: FlowDefinition, entry: Rule) -> str:
    """What a fail means in a flow, and the thresholds that it sets otherwise."""
    if entry.id not in definition.rules:
        return "–"
    other = {name: value for name, value in definition.thresholds(entry.id).items() if entry.defaults.get(name) != value}
    severity = definition.severity(entry.id)
    return f"{severity} ({thresholds_of(other)})" if other else severity


def row_of(entry: Rule) -> str:
    documents = ", ".join(CONTEXT_LABELS[context] for context in CONTEXT_LABELS if context in entry.contexts)
    others = "".join(f"<br>`{code}`: {sentence}" for code, sentence in entry.reasons.items())
    cells = [
        f"`{entry.id}`",
        entry.reference,
        documents,
        entry.claim,
        ", ".join(entry.inputs),
        f"`{entry.reason_code}`: {entry.sentence}{others}",
        entry.fix.replace("_", " "),
        thresholds_of(entry.defaults),
        *(outcome_in(definition, entry) for definition in built_in_flows().values()),
    ]
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def rules_page() -> str:
    """docs/rules.md, from the registry and the built-in flows."""
    flows = [f"`{slug}`" for slug in built_in_flows()]
    head = ["rule", "number", "documents", "it passes when", "inputs", "reasons otherwise", "fix", "thresholds", *flows]
    lines = [
        "# Rules",
        "",
        'Made from the code; `RENEW_DOCS=1 make test T="tests/test_readme.py -k rules"` writes it anew. [How to write one](writing-rules.md).',
        "",
        "A rule passes, fails, is unclear, or is not applicable. The last columns say what a fail means in each built-in flow, with the thresholds",
        "that the flow sets otherwise; `–` means that the flow does not use the rule. Unclear is always a warning. The first reason is that of a",
        "fail, the others are of doubts; some rules know doubts only. Sentences may be shown to applicants.",
        "A value read with less than `confidence` never makes a rule fail, only unclear.",
        "",
        "Any rule may also give: " + " ".join(f"`{code}`: {sentence}" for code, sentence in registry.SHARED_REASONS.items()),
        "",
    ]
    rules = sorted(registry.load().values(), key=lambda entry: (entry.group, entry.reference, entry.id))
    for group in dict.fromkeys(entry.group for entry in rules):
        lines += [f"## {group.capitalize()}", "", "| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
        lines += [*(row_of(entry) for entry in rules if entry.group == group), ""]
    return "\n".join(lines)


def test_the_table_of_rules_is_current() -> None:
    if os.environ.get("RENEW_DOCS") == "1":
        RULES.write_text(rules_page(), encoding="utf-8")
    assert RULES.exists()
    assert text_of(RULES) == rules_page(), "RENEW_DOCS=1 writes it anew"


def test_the_rule_of_the_guide_works(monkeypatch: pytest.MonkeyPatch) -> None:
    code = re.findall(r"^```python\n(.*?)^```", text_of(ROOT / "docs" / "writing-rules.md"), re.M | re.S)[0]
    monkeypatch.setattr(registry, "_RULES", dict(registry.load()))
    names = {**vars(registry), "Evidence": Evidence, "PHOTO_ID": "PHOTO_ID"}
    exec(compile(code, "writing-rules.md", "exec"), names)

    def verdict(issued: str, confidence: float = 0.99) -> str:
        values = {"document.issue_date": Observed("document.issue_date", issued, "ocr", "doc_1", confidence)}
        document = DocumentEvidence("doc_1", "PHOTO_ID", DOCUMENT_TYPES[2], "USA", True, values)
        return registry.evaluate("document_seasoned", Evidence(Case("usps1583", date(2026, 6, 15), {}, (document,)), document)).verdict

    assert [verdict("2026-05-16"), verdict("2026-05-17"), verdict("2026-05-17", 0.5), verdict("")] == ["pass", "fail", "unclear", "not_applicable"]


@pytest.fixture(scope="module")
def compose() -> dict[str, Any]:
    return yaml.safe_load(text_of(ROOT / "compose.yaml"))  # type: ignore[no-any-return]


def ours(compose: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {name: service for name, service in compose["services"].items() if service["image"] == "vouchbox"}


def test_containers_run_commands_that_exist(compose: dict[str, Any]) -> None:
    assert set(ours(compose)) == {"web", "worker-reading", "worker", "migrate"}
    for service in ours(compose).values():
        words = " ".join(service.get("command", []))
        for line in re.findall(r"manage\.py ([^&|]+)", words):
            name, *rest = line.split()
            parser = load_command_class(get_commands()[name], name).create_parser("manage.py", name)
            parser.parse_args(rest)


def test_each_queue_has_a_worker_and_one_has_the_clock(compose: dict[str, Any]) -> None:
    commands = [service["command"] for service in ours(compose).values() if "work" in service.get("command", [])]
    served = [queue for command in commands for queue in command[command.index("--queues") + 1].split(",")]
    assert sorted(served) == sorted(pipeline.QUEUES)
    assert sum("--tick" in command for command in commands) == 1


def test_containers_set_what_the_service_knows(compose: dict[str, Any]) -> None:
    threads = {"OMP_NUM_THREADS", "OMP_THREAD_LIMIT", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"}
    for service in ours(compose).values():
        assert {name.removesuffix("_FILE") for name in service["environment"]} - threads <= settings_in_code()
        for name, value in service["environment"].items():
            if name.endswith("_FILE"):
                assert value.removeprefix("/run/secrets/") in service["secrets"]


def test_containers_name_secrets_volumes_networks_and_services_that_exist(compose: dict[str, Any]) -> None:
    for service in compose["services"].values():
        assert set(service.get("secrets", [])) <= set(compose["secrets"])
        assert set(service["networks"]) <= set(compose["networks"])
        assert {entry.partition(":")[0] for entry in service.get("volumes", [])} <= set(compose["volumes"])
        for name, wanted in service.get("depends_on", {}).items():
            assert name in compose["services"]
            if wanted["condition"] == "service_healthy":
                assert "test" in compose["services"][name]["healthcheck"]


def test_the_guide_makes_each_secret_file(compose: dict[str, Any]) -> None:
    operations = text_of(ROOT / "docs" / "operations.md")
    for name, entry in compose["secrets"].items():
        assert f'"{name}":' in operations
        assert entry["file"] == f"${{SECRETS:-./secrets}}/{name}"


def test_settings_accept_what_the_containers_set(compose: dict[str, Any], tmp_path: Path) -> None:
    """The web container's environment, with the guide's own secrets, passes the deployment check."""
    block = next(block for block in shell_blocks(ROOT / "docs" / "operations.md") if "files_kms_key" in block)
    making = block.partition("make up")[0].replace("python3", sys.executable)
    subprocess.run(["bash", "-euc", making], cwd=tmp_path, check=True)
    environment = {"PATH": os.environ["PATH"], "DATA_DIR": str(tmp_path / "var")}
    for name, value in compose["services"]["web"]["environment"].items():
        default = re.sub(r"\$\{\w+:-(.*?)\}", r"\1", value)
        environment[name] = default.replace("/run/secrets", str(tmp_path / "secrets"))
    environment |= {"ALLOWED_HOSTS": "vouchbox.example", "PUBLIC_URL": "https://vouchbox.example"}
    done = subprocess.run(
        [sys.executable, "manage.py", "check", "--deploy", "--fail-level", "ERROR"],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr


def test_the_image_copies_what_is_there_and_starts_what_exists() -> None:
    text = text_of(ROOT / "Dockerfile")
    for source in re.findall(r"^COPY (?!--from)(\S+) ", text, re.M):
        assert (ROOT / source).exists()
    allowed = re.findall(r"^!(\S+)$", text_of(ROOT / ".dockerignore"), re.M)
    assert all(source.split("/")[0] in allowed for source in re.findall(r"^COPY (?!--from)(\S+) ", text, re.M))
    command = yaml.safe_load(re.findall(r"^CMD (\[.*\])$", text, re.M)[-1])
    assert command[:2] == ["gunicorn", "config.wsgi"]
    assert importlib.util.find_spec("config.wsgi") is not None
    checked = subprocess.run([sys.executable, "-m", *command, "--check-config"], cwd=ROOT, capture_output=True, text=True, check=False)
    assert checked.returncode == 0, checked.stderr
    number = re.findall(r"^USER (\d+)$", text, re.M)[-1]
    assert f"useradd --uid {number} " in text
    assert "--require-hashes" in text


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("service")


@pytest.fixture(scope="module")
def service(folder: Path) -> Iterator[str]:
    """The whole service as `make run` starts it, in a folder of its own."""
    if shutil.which("curl") is None or shutil.which("bash") is None:
        missing("curl")
    port = free_port()
    clean = {name: value for name, value in os.environ.items() if name not in settings_in_code() | {"DJANGO_SETTINGS_MODULE"}}
    environment = {**clean, "DATA_DIR": str(folder / "var"), "WORKERS": "1"}
    (folder / "var").mkdir()
    templates.sqlite(folder / "var" / "vouchbox.sqlite3")
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen([sys.executable, "manage.py", "start", "--port", str(port)], cwd=ROOT, env=environment, stdout=log, stderr=log)
    try:
        wait_until_ready(f"http://127.0.0.1:{port}", process, folder / "log")
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(timeout=90)


def wait_until_ready(address: str, process: subprocess.Popen[bytes], log: Path) -> None:
    until = time.monotonic() + 120
    while time.monotonic() < until and process.poll() is None:
        try:
            with urllib.request.urlopen(f"{address}/health/ready", timeout=5):
                return
        except (urllib.error.URLError, OSError):
            time.sleep(0.5)
    pytest.fail(log.read_text(errors="replace")[-4000:])


@pytest.mark.engine
@pytest.mark.service
def test_the_session_of_the_readme_ends_with_a_record(service: str, folder: Path) -> None:
    script = "\n".join(shell_blocks(ROOT / "README.md")).replace(".venv/bin/python", sys.executable).replace("http://127.0.0.1:8000", service)
    assert script.count(service) == 1
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", script], cwd=folder, env=environment, capture_output=True, text=True, timeout=300, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    lines = done.stdout.splitlines()
    assert [line[:4] for line in lines[:3]] == ["doc_"] * 3
    assert lines[3:5] == ["Submitted", "Approved"], done.stdout
    assert '"validation_workflow": "Automatic"' in done.stdout
    assert (folder / "record.pdf").read_bytes().startswith(b"%PDF")


@pytest.mark.engine
@pytest.mark.service
def test_the_five_calls_of_the_guide_end_with_an_approval(service: str, folder: Path) -> None:
    (block,) = re.findall(r"^```python\n(.*?)^```", text_of(ROOT / "docs" / "integration.md"), re.M | re.S)
    assert re.findall(r"api\.(\w+)\(", block) == [
        "start_a_verification", "upload_a_document", "upload_a_document", "submit_a_verification", "show_a_verification",
    ]  # fmt: skip
    script = block.replace("http://127.0.0.1:8000", service)
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run([sys.executable, "-c", script], cwd=folder, env=environment, capture_output=True, text=True, timeout=300, check=False)
    assert (done.returncode, done.stdout.strip()) == (0, "Approved"), done.stdout + done.stderr


@pytest.mark.engine
@pytest.mark.service
def test_the_demo_tells_its_three_stories(service: str, folder: Path) -> None:
    environment = {**os.environ, "DATA_DIR": str(folder / "var")}
    environment.pop("DJANGO_SETTINGS_MODULE", None)
    command = [sys.executable, "manage.py", "demo", "--port", service.rpartition(":")[2]]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    assert re.findall(r"Submitted → (.+)", done.stdout) == ["Approved", "Double Check", "Rejected"]
    saved = re.findall(r"saved (.+\.pdf)", done.stdout)
    assert [Path(path).read_bytes()[:4] for path in saved] == [b"%PDF"] * 4
