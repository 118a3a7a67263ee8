"""The bill of materials: what an installation of engage consists of, as CycloneDX 1.6, from the lock.

python docs/deploy/sbom.py > sbom.cdx.json

``make sbom`` puts it into dist/. It is made from the lock alone: the same lock gives the same bill, with no
time and no address in it. Of each library it holds name, version, the SHA-256 of every file that the lock
lets in, for which system it is where not for all, and what it needs.
"""

import hashlib
import json
import re
import sys
import tomllib
from pathlib import Path
from typing import Any
from uuid import NAMESPACE_OID, uuid5

ROOT = Path(__file__).parents[2]
LOCK = ROOT / "requirements.lock"
_PINNED = re.compile(r"^(?P<name>[A-Za-z0-9._-]+)==(?P<version>[^\s;]+)(?: ; (?P<marker>[^\\]+?))?(?: \\)?$")
_HASH = re.compile(r"^ +--hash=sha256:(?P<digest>[0-9a-f]{64})")
_VIA = re.compile(r"^ +# (?:via (?!$)|  )(?P<name>[A-Za-z0-9._-]+)")


def bill(lock: str, project: dict[str, Any]) -> dict[str, Any]:
    """Return the bill of a lock's text and the ``project`` table of pyproject.toml.

    Raises ``ValueError`` for a line that is neither a pinned library, a hash, nor a remark.
    """
    own = f"{project['name']}@{project['version']}"
    components: list[dict[str, Any]] = []
    needed_by: list[tuple[str, str]] = []
    for number, line in enumerate(lock.splitlines(), start=1):
        if pinned := _PINNED.match(line):
            components.append(_component(**pinned.groupdict()))
        elif found := _HASH.match(line):
            components[-1]["hashes"].append({"alg": "SHA-256", "content": found["digest"]})
        elif (via := _VIA.match(line)) and components:
            needed_by.append((via["name"], components[-1]["bom-ref"]))
        elif line.strip() not in ("", "# via"):
            raise ValueError(f"line {number} of the lock is not understood")
    refs = {project["name"]: [own]}  # a library may be there in two versions, for different systems
    for part in components:
        refs.setdefault(part["name"], []).append(part["bom-ref"])
    uses: dict[str, list[str]] = {ref: [] for every in refs.values() for ref in every}
    for name, ref in needed_by:
        for user in refs[name]:
            uses[user].append(ref)
    return {
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "serialNumber": f"urn:uuid:{uuid5(NAMESPACE_OID, hashlib.sha256((own + lock).encode()).hexdigest())}",
        "version": 1,
        "metadata": {
            "component": {
                "type": "application",
                "bom-ref": own,
                "name": project["name"],
                "version": project["version"],
            }
        },
        "components": components,
        "dependencies": [{"ref": ref, "dependsOn": sorted(set(uses[ref]))} for ref in uses],
    }


def _component(name: str, version: str, marker: str | None) -> dict[str, Any]:
    ref = f"pkg:pypi/{name.lower().replace('_', '-')}@{version}"
    part = {"type": "library", "bom-ref": ref, "name": name, "version": version, "purl": ref, "hashes": []}
    if marker:
        part["properties"] = [{"name": "engage:marker", "value": marker.strip()}]
    return part


def present() -> str:
    """Return the bill of this checkout as it is to be written."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    source = (ROOT / "engage" / "__init__.py").read_text(encoding="utf-8")
    project["version"] = source.partition('__version__ = "')[2].partition('"')[0]
    return json.dumps(bill(LOCK.read_text(encoding="utf-8"), project), indent=1) + "\n"


if __name__ == "__main__":
    sys.stdout.write(present())
