"""Write docs/api.md from the docstrings of the public names: python docs/api/run.py --write."""

import ast
import inspect
import re
import sys
import textwrap
from collections.abc import Callable, Iterator
from dataclasses import fields, is_dataclass
from functools import cached_property
from pathlib import Path
from typing import get_args

import engage

PAGE = Path(__file__).parents[1] / "api.md"
GROUPS = {
    "Reading and workspace": ("engage.ingest", "engage.instrument", "engage.privacy", "engage.workspace"),
    "Measurement": ("engage.measure",),
    "Models": ("engage.model",),
    "Text": ("engage.text",),
    "Errors": ("engage.errors",),
}
INTRO = """# API reference

Written from the docstrings by `python docs/api/run.py --write`. Every name is reached as `engage.name`.
Data come first, options by keyword; results are frozen, have `.tidy()` (a pandas frame) and show as a table
in a notebook. `notebooks/` shows how they are used.
"""
_ROLE = re.compile(r":(\w+):`~?([^`]+)`")
# Each of these begins a paragraph of its own.
_PART = re.compile(r"(?<!\n)\n(?=(?:Raises ``|R: |R, |Source: |Missing data: ))")
_WIDTH = 100


def page() -> str:
    """Return the page as the docstrings are now."""
    return "\n".join([INTRO, *_contents(), *(line for group in GROUPS for line in _group(group))])


def _contents() -> Iterator[str]:
    for group in GROUPS:
        links = ", ".join(f"[`{name}`](#{_anchor(name)})" for name in _names(group))
        yield f"**[{group}](#{group.lower().replace(' ', '-')})**: {links}\n"


def _names(group: str) -> list[str]:
    return [name for home in GROUPS[group] for name in engage._HOMES[home]]


def _group(group: str) -> Iterator[str]:
    yield f"## {group}\n"
    results: dict[type, list[str]] = {}
    for name in _names(group):
        thing = getattr(engage, name)
        if inspect.isclass(thing):
            yield from _class(thing)
        else:
            yield from _function(name, thing, "###")
            for result in _results(thing):
                results.setdefault(result, []).append(name)
    for result, makers in sorted(results.items(), key=lambda pair: pair[0].__name__):
        yield from _class(
            result, f"Returned by {', '.join(f'[`{name}`](#{_anchor(name)})' for name in makers)}."
        )


def _class(thing: type, origin: str = "") -> Iterator[str]:
    yield f"### `{thing.__name__}`\n"
    if thing is engage.Workspace:
        yield _code(_signature(thing.__name__, thing.__init__))
    if origin:
        yield f"{origin}\n"
    yield _markdown(thing)
    if is_dataclass(thing):
        yield f"Fields: {', '.join(f'`{field.name}`' for field in fields(thing))}.\n"
    for name, member in inspect.getmembers(thing):
        if name.startswith("_") or not _ours(member):
            continue
        full = f"{thing.__name__}.{name}"
        if inspect.isfunction(member):
            yield from _function(full, member, "####")
        elif isinstance(member, property | cached_property):
            yield f"#### `{full}`\n"
            yield _markdown(member)


def _ours(member: object) -> bool:
    function = member.fget if isinstance(member, property) else getattr(member, "func", member)
    return inspect.isfunction(function) and function.__module__.startswith("engage.")


def _function(name: str, function: Callable[..., object], heading: str) -> Iterator[str]:
    yield f"{heading} `{name}`\n"
    yield _code(_signature(name, function))
    yield _markdown(function)


def _results(function: Callable[..., object]) -> Iterator[type]:
    """Give our own classes that a function returns and that have no entry of their own."""
    answer = inspect.signature(function).return_annotation
    for kind in (answer, *get_args(answer)):
        own = inspect.isclass(kind) and getattr(kind, "__module__", "").startswith("engage.")
        if own and kind.__name__ not in engage.__all__:
            yield kind


def _signature(name: str, function: Callable[..., object]) -> str:
    """Return the signature as it is written, one parameter per line where it is long."""
    source = textwrap.dedent(inspect.getsource(function))
    (node,) = ast.parse(source).body
    assert isinstance(node, ast.FunctionDef)

    def text(part: ast.AST) -> str:
        quoted = part.value if isinstance(part, ast.Constant) and part is node.returns else None
        return str(quoted or " ".join((ast.get_source_segment(source, part) or "").split()))

    def written(arg: ast.arg, default: ast.expr | None) -> str:
        return text(arg) if default is None else f"{text(arg)} = {text(default)}"

    positional = [*node.args.posonlyargs, *node.args.args]
    defaults = [None] * (len(positional) - len(node.args.defaults)) + node.args.defaults
    parts = [written(*pair) for pair in zip(positional, defaults, strict=True)]
    parts = parts[1:] if positional and positional[0].arg == "self" else parts
    if node.args.kwonlyargs or node.args.vararg:
        parts.append(f"*{text(node.args.vararg)}" if node.args.vararg else "*")
        parts += [written(*pair) for pair in zip(node.args.kwonlyargs, node.args.kw_defaults, strict=True)]
    answer = f" -> {text(node.returns)}" if node.returns is not None and node.name != "__init__" else ""
    line = f"{name}({', '.join(parts)}){answer}"
    if len(line) <= _WIDTH:
        return line
    return f"{name}(\n" + "".join(f"    {part},\n" for part in parts) + f"){answer}"


def _code(text: str) -> str:
    return f"```python\n{text}\n```\n"


def _markdown(thing: object) -> str:
    """Return a docstring as Markdown."""
    text = _PART.sub("\n\n", inspect.getdoc(thing) or "")
    text = _ROLE.sub(lambda match: _link(match[1], match[2]), text)
    return text.replace("``", "`") + "\n"


def _link(role: str, target: str) -> str:
    name = target.rsplit(".", 1)[-1]
    if role == "meth" and hasattr(engage.Workspace, name):
        return f"[`Workspace.{name}`](#{_anchor(f'Workspace.{name}')})"
    return f"[`{name}`](#{_anchor(name)})" if name in engage.__all__ else f"`{target}`"


def _anchor(heading: str) -> str:
    return heading.lower().replace(".", "")


if __name__ == "__main__":
    if "--write" in sys.argv:
        PAGE.write_text(page(), encoding="utf-8")
    elif page() != PAGE.read_text(encoding="utf-8"):
        sys.exit("docs/api.md is not what the docstrings say: run with --write")
