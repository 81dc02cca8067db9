"""Rules for sources that no linter knows, in the manner of CodeQL's and Semgrep's: what an attacker's words must never reach.

Ruff's S rules (bandit's) run in `make lint`; these know this project's own doors. Each rule is shown to catch what it forbids.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
APPS = ("config", "flows", "verifications", "documents", "decisions", "vouchbox_client")
SOURCES = [path for app in APPS for path in (ROOT / app).rglob("*.py") if "migrations" not in path.parts]
Rule = Callable[[ast.AST], bool]


def _name(node: ast.AST) -> str:
    """``a.b.c`` of a chain of attributes; what stands before a call or an index is dropped."""
    if isinstance(node, ast.Attribute):
        return f"{_name(node.value)}.{node.attr}".lstrip(".")
    return node.id if isinstance(node, ast.Name) else ""


def _calls(node: ast.AST, *names: str) -> bool:
    """Whether this is a call of one of these functions, or of a method where the name begins with a dot."""
    if not isinstance(node, ast.Call):
        return False
    called = _name(node.func)
    return any(called.endswith(name) if name.startswith(".") else called == name for name in names)


def _imports(node: ast.AST, *modules: str) -> bool:
    found = [alias.name for alias in node.names] if isinstance(node, ast.Import) else [node.module or ""] if isinstance(node, ast.ImportFrom) else []
    return any(name == module or name.startswith(f"{module}.") for name in found for module in modules)


def _has(node: ast.AST, name: str, value: object) -> bool:
    keywords = node.keywords if isinstance(node, ast.Call) else []
    return any(entry.arg == name and isinstance(entry.value, ast.Constant) and entry.value.value == value for entry in keywords)


def _is_built(node: ast.expr) -> bool:
    """A text put together when it is used: an f-string with something in it, a sum, ``%`` or ``format``."""
    if isinstance(node, ast.JoinedStr):
        return any(isinstance(part, ast.FormattedValue) for part in node.values)
    if isinstance(node, ast.BinOp):
        return isinstance(node.op, ast.Add | ast.Mod)
    return _calls(node, ".format", ".join", ".replace")


def _first(node: ast.AST) -> ast.expr | None:
    return node.args[0] if isinstance(node, ast.Call) and node.args else None


def runs_text(node: ast.AST) -> bool:
    return _calls(node, "eval", "exec", "compile", "__import__", "os.system", "os.popen") or _has(node, "shell", True)


def revives_objects(node: ast.AST) -> bool:
    return _imports(node, "pickle", "marshal", "shelve", "dill", "joblib", "jsonpickle") or _calls(
        node, "yaml.load", "yaml.full_load", "yaml.unsafe_load"
    )


def reads_xml(node: ast.AST) -> bool:
    return _imports(node, "xml", "lxml", "defusedxml")


def trusts_any_certificate(node: ast.AST) -> bool:
    named = isinstance(node, ast.Attribute) and node.attr in ("CERT_NONE", "_create_unverified_context", "_create_default_https_context")
    return named or _has(node, "verify", False) or _has(node, "check_hostname", False)


def builds_sql(node: ast.AST) -> bool:
    if _calls(node, ".execute", ".executemany", "RawSQL", ".raw", ".copy"):
        first = _first(node)
        return first is not None and _is_built(first)
    if _calls(node, ".extra") and isinstance(node, ast.Call):
        return any(_is_built(part) for entry in node.keywords for part in ast.walk(entry.value) if isinstance(part, ast.expr))
    return False


def marks_as_safe(node: ast.AST) -> bool:
    first = _first(node)
    if _calls(node, "mark_safe", "SafeString", "SafeText"):
        return True
    return _calls(node, "format_html", "format_html_join") and first is not None and _is_built(first)


def makes_templates(node: ast.AST) -> bool:
    return _calls(node, "Template", ".from_string", "Environment") and not _calls(node, "models.Environment")


_PERSONAL = re.compile(
    r"(\A|_)(name|surname|given|birth|address|street|city|zip|email|phone|number|mrz|fields?|reading|expected|note|text|value|values|answer|body|payload|"
    r"secret|token|password|digest|url|path|query|username|external_ref|metadata|tags|result|evidence)\Z"
)


def logs_what_people_said(node: ast.AST) -> bool:
    """A log line's event is a constant, and what it carries are ids, codes, numbers and types: no variable text, no field of a person."""
    if not (
        isinstance(node, ast.Call)
        and re.fullmatch(r"(self\.)?(log|logger|logging|structlog)\.(debug|info|warning|error|critical|exception|log)", _name(node.func))
    ):
        return False
    first = _first(node)
    if first is None or _is_built(first) or not isinstance(first, ast.Constant):
        return True
    if any(entry.arg is not None and _PERSONAL.search(entry.arg) for entry in node.keywords):
        return True
    inside = [part for value in (*node.args[1:], *(entry.value for entry in node.keywords)) for part in ast.walk(value)]
    return any(isinstance(part, ast.Attribute) and _PERSONAL.search(part.attr) and part.attr != "__name__" for part in inside)


def tells_an_exceptions_words(node: ast.AST) -> bool:
    """An exception's own text may hold what a document says."""
    logged = isinstance(node, ast.Call) and re.fullmatch(r"(log|logger)\.\w+", _name(node.func))
    parts = list(ast.walk(node)) if logged else []
    return any(
        _calls(part, "str", "repr") and isinstance(_first(part), ast.Name) and _first(part).id in ("error", "exc", "exception", "e") for part in parts
    )  # type: ignore[union-attr]


def opens_addresses(node: ast.AST) -> bool:
    return _calls(
        node, "urllib.request.urlopen", "urlopen", "socket.create_connection", "http.client.HTTPSConnection", "http.client.HTTPConnection"
    ) or _imports(node, "requests", "httpx", "aiohttp", "urllib3")


def takes_weak_hashes(node: ast.AST) -> bool:
    return _calls(node, "hashlib.md5", "hashlib.sha1", ".MD5", ".SHA1") or (
        _calls(node, "hashlib.new", "hashlib.file_digest") and "md5" in ast.dump(node).lower()
    )


def skips_the_check_of_forged_forms(node: ast.AST) -> bool:
    return isinstance(node, ast.Name | ast.Attribute) and _name(node).endswith("csrf_exempt")


# rule → what breaks it in one line → files in which it is meant, with the reason beside the line itself.
RULES: dict[Rule, tuple[str, set[str]]] = {
    runs_text: ("eval(text)", set()),
    revives_objects: ("import pickle", set()),
    reads_xml: ("from xml.etree import ElementTree", set()),
    trusts_any_certificate: ("context.verify_mode = ssl.CERT_NONE", set()),
    # Names of tables and triggers that stand in the same file.
    builds_sql: ('cursor.execute(f"SELECT {name}")', {"verifications/append_only.py"}),
    # The QR code of the second factor, drawn by ourselves.
    marks_as_safe: ('format_html(f"<b>{name}</b>")', {"config/signin/site.py"}),
    makes_templates: ("engine.from_string(text)", set()),
    # The supervisor names its own processes.
    logs_what_people_said: ('log.info("seen", surname=person.surname)', {"config/management/commands/serve.py"}),
    tells_an_exceptions_words: ('log.warning("failed", error=str(error))', set()),
    # The service connects to webhooks through one door; the others are the client library and the demo, which asks our own address.
    opens_addresses: (
        "urllib.request.urlopen(address)",
        {"verifications/destinations.py", "vouchbox_client/transport.py", "config/management/commands/demo.py"},
    ),
    # EasyOCR publishes the weights' MD5 only, and checks them so itself.
    takes_weak_hashes: ("hashlib.md5(data)", {"documents/engines/ocr_easyocr.py"}),
    # Answers that change nothing, views of DRF, which take no cookie, and the capture page, which looks at the size of a form before its token.
    skips_the_check_of_forged_forms: ("csrf_exempt(view)", {"config/api/errors.py", "config/api/dialects/choice.py", "config/capture.py"}),
}


def _broken(rule: Rule, source: str) -> Iterator[int]:
    return (getattr(node, "lineno", 0) for node in _nodes(source) if rule(node))


@cache
def _nodes(source: str) -> list[ast.AST]:
    """What a rule may look at: leaves without names are left out."""
    return [node for node in ast.walk(ast.parse(source)) if not isinstance(node, ast.Constant | ast.expr_context | ast.operator | ast.cmpop)]


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_no_source_breaks_a_rule(rule: Rule) -> None:
    bad, allowed = RULES[rule]
    assert list(_broken(rule, bad)), "the rule catches nothing"
    found = {str(path.relative_to(ROOT)): list(_broken(rule, path.read_text(encoding="utf-8"))) for path in SOURCES}
    assert {name: lines for name, lines in found.items() if lines and name not in allowed} == {}
    assert {name for name in allowed if not found.get(name)} == set(), "an exception that nothing needs"


@pytest.mark.parametrize(
    ("rule", "source"),
    [
        (runs_text, "subprocess.run(command, shell=True)"), (revives_objects, "yaml.load(text)"), (trusts_any_certificate, "get(url, verify=False)"),
        (builds_sql, "Model.objects.raw('SELECT ' + name)"), (builds_sql, "rows.extra(where=['a = %s' % name])"), (marks_as_safe, "mark_safe(text)"),
        (logs_what_people_said, 'log.info(f"read {thing}")'), (logs_what_people_said, 'log.info("read", found=document.reading)'),
        (opens_addresses, "import requests"), (takes_weak_hashes, "hashlib.new('md5', data)"),
    ],
)  # fmt: skip
def test_rules_catch_other_spellings(rule: Rule, source: str) -> None:
    assert list(_broken(rule, source))


@pytest.mark.parametrize(
    ("rule", "source"),
    [
        (builds_sql, "cursor.execute('SELECT 1 WHERE a = %s', [name])"), (marks_as_safe, "format_html('<b>{}</b>', name)"),
        (logs_what_people_said, 'log.info("read", document=document.pk, seconds=3)'), (runs_text, "re.compile(pattern)"),
    ],
)  # fmt: skip
def test_rules_let_the_right_way_through(rule: Rule, source: str) -> None:
    assert not list(_broken(rule, source))


def test_random_is_for_nothing_that_must_be_secret() -> None:
    """To spread load, and to draw the same specimen from the same seed."""
    users = {str(path.relative_to(ROOT)) for path in SOURCES if any(_imports(node, "random") for node in _nodes(path.read_text(encoding="utf-8")))}
    assert users == {"verifications/slots.py", "verifications/webhooks.py", "documents/specimens/wanted.py", "documents/specimens/holders.py"}


SECRETS = {
    "private key": re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----"),
    "token of ours": re.compile(r"vk_(live|sandbox)_[0-9a-f]{12}_[A-Za-z0-9_-]{40,}"),
    "AWS key": re.compile(r"\b(AKIA|ASIA)[0-9A-Z]{16}\b"),
    "webhook secret": re.compile(r"whsec_[A-Za-z0-9+/]{40,}"),
    "key ring": re.compile(r"FIELD_ENCRYPTION_KEYS=\w+:(?!A{43})[A-Za-z0-9+/]{43}="),
}
# The published examples of signatures, for which there has to be a secret.
EXAMPLES = {ROOT / "docs" / "webhook_vectors.json", Path(__file__).resolve()}
TEXTS = (".py", ".md", ".yaml", ".yml", ".toml", ".json", ".html", ".js", ".service", ".example", "")
SKIPPED = {".venv", ".venv-easyocr", "var", ".git", "__pycache__", ".mypy_cache", ".ruff_cache", ".pytest_cache", ".hypothesis"}


def test_no_secret_is_in_the_repository() -> None:
    for name, example in {
        "private key": "-----BEGIN EC PRIVATE KEY-----",
        "AWS key": "AKIA" + "A" * 16,
        "token of ours": f"vk_live_{'0' * 12}_{'a' * 43}",
    }.items():
        assert SECRETS[name].search(example)
    found = []
    for path in ROOT.rglob("*"):
        parts = path.relative_to(ROOT).parts
        if SKIPPED & set(parts) or path.suffix not in TEXTS or not path.is_file() or path in EXAMPLES:
            continue
        text = path.read_text(encoding="utf-8", errors="replace")
        found += [f"{name} in {'/'.join(parts)}" for name, pattern in SECRETS.items() if pattern.search(text)]
    assert found == []


SCRIPTS = [path for app in APPS for path in (ROOT / app).rglob("*.js")]
_DANGEROUS = re.compile(
    r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function|setTimeout\(\s*['\"]|sessionStorage|indexedDB|document\.cookie"
)


def test_scripts_keep_nothing_of_a_person() -> None:
    """They make nodes and texts, never markup, and remember on/off choices only."""
    assert SCRIPTS
    for path in SCRIPTS:
        text = path.read_text(encoding="utf-8")
        assert not _DANGEROUS.search(text), path.name
        for key in re.findall(r"store\.set\(([^,]+),", text):
            assert re.fullmatch(r'"[\w.-]+"|`[\w.-]+`|KEYS?|[a-z]+Key', key.strip()), (path.name, key)


@pytest.mark.parametrize("path", sorted((ROOT / "templates").rglob("*.html")), ids=lambda path: path.stem)
def test_templates_escape_everything_and_hold_no_script(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert not re.search(r"\|\s*safe\b|autoescape\s+off|\{%\s*filter\s+safe|<script(?![^>]*\bsrc=)[^>]*>\s*\S", text)
    assert not re.search(r"<[^>]+\s(on[a-z]+|style)\s*=", text)
    assert "javascript:" not in text
