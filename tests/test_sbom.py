"""The bill of materials says what the lock says, in the form that tools read, and no address."""

import importlib.util
import json
import re
import uuid
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def sbom():
    spec = importlib.util.spec_from_file_location("sbom", ROOT / "docs" / "deploy" / "sbom.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_every_library_of_the_lock_is_in_it_with_its_hashes(sbom):
    text = sbom.present()
    document = json.loads(text)
    lock = (ROOT / "requirements.lock").read_text(encoding="utf-8")
    pins = re.findall(r"^([\w.-]+)==([^\s;]+)", lock, re.MULTILINE)
    parts = document["components"]
    assert [(part["name"], part["version"]) for part in parts] == pins
    hashes = [one["content"] for part in parts for one in part["hashes"]]
    assert hashes == re.findall(r"--hash=sha256:([0-9a-f]{64})", lock)
    assert all(part["hashes"] for part in parts)
    assert (document["bomFormat"], document["specVersion"], document["version"]) == ("CycloneDX", "1.6", 1)
    assert uuid.UUID(document["serialNumber"].removeprefix("urn:uuid:"))
    assert "://" not in text
    assert sbom.present() == text, "the same lock gives the same bill"


def test_what_needs_what_hangs_together(sbom):
    document = json.loads(sbom.present())
    refs = [document["metadata"]["component"]["bom-ref"], *(p["bom-ref"] for p in document["components"])]
    assert len(set(refs)) == len(refs)
    uses = {one["ref"]: one["dependsOn"] for one in document["dependencies"]}
    assert set(uses) == set(refs)
    seen, waiting = set(), [refs[0]]
    while waiting:
        ref = waiting.pop()
        if ref not in seen:
            seen.add(ref)
            waiting += uses[ref]
    assert seen == set(refs), "everything is there because something needs it"
    pandas = next(ref for ref in refs if ref.startswith("pkg:pypi/pandas@"))
    assert any(ref.startswith("pkg:pypi/numpy@") for ref in uses[pandas])


def test_a_line_that_is_not_understood_is_no_bill(sbom):
    with pytest.raises(ValueError, match="line 2"):
        sbom.bill("a==1 \\\n    -e git+ssh://x\n", {"name": "x", "version": "1"})
