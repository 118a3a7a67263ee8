"""What a page costs the server: first content, page switch, filter change, memory of a session.

python benchmarks/pages.py [--people 100000] [--sample FOLDER] [--write docs/benchmarks.md]

Runs the real server on this machine and speaks to it as a browser does, over its web socket. Times are
those of the script on the server, taken inside it: processor time of its thread, and wall clock beside it.
Each page is opened once to fill the caches, then switched to ``--repeat`` times; the median counts. The
baseline is the same server with the pages' caches emptied before each run, in the same session of this
program. Memory is what the server's resident set grows by over 20 sessions that stay open, by session. The
workspace of ``--people`` people has two closed waves of six scales, in teams of 50 and two sites.
"""

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

PAGES = ("overview", "trend", "teams", "quality")
SESSIONS = 20
LIMIT_MS, FIRST_S, SESSION_MB = 300, 1.5, 30
MARKS = ("<!-- pages -->", "<!-- /pages -->")


def serve(port: int, log: str, *, uncached: bool) -> None:
    """Run the app in this process, and note of every run of its script how long it took."""
    import streamlit as st
    from streamlit.runtime.scriptrunner.script_runner import ScriptRunner
    from streamlit.web import bootstrap

    real = ScriptRunner._run_script

    def timed(self: Any, data: Any) -> None:
        if uncached:
            st.cache_data.clear()
            st.cache_resource.clear()
        wall, cpu = time.perf_counter(), time.thread_time()
        real(self, data)
        took = {"wall": time.perf_counter() - wall, "cpu": time.thread_time() - cpu}
        with Path(log).open("a", encoding="utf-8") as file:
            file.write(json.dumps(took) + "\n")

    ScriptRunner._run_script = timed  # type: ignore[method-assign]
    options = {
        "server.port": port, "server.address": "127.0.0.1", "server.headless": True,
        "browser.gatherUsageStats": False, "server.fileWatcherType": "none",
    }  # fmt: skip
    bootstrap.load_config_options({name.replace(".", "_"): value for name, value in options.items()})
    bootstrap.run(str(ROOT / "app.py"), False, [], {})


class Server:
    """A running server, and the times that it notes."""

    def __init__(self, address: str, process: "subprocess.Popen[bytes]", log: Path) -> None:
        self.address, self.process, self.log = address, process, log

    def runs(self) -> list[dict[str, float]]:
        lines = self.log.read_text(encoding="utf-8").splitlines() if self.log.exists() else []
        return [json.loads(line) for line in lines]

    def last(self, many: int) -> dict[str, float]:
        """Return the newest run, waiting until there are ``many``: it is noted after its last message."""
        while len(found := self.runs()) < many:
            time.sleep(0.01)
        return found[-1]

    def resident(self) -> float:
        """Return the resident set in megabytes."""
        status = Path(f"/proc/{self.process.pid}/status").read_text(encoding="utf-8")
        return int(next(line.split()[1] for line in status.splitlines() if line.startswith("VmRSS"))) / 1024


@contextmanager
def serving(workspace: Path, folder: Path, *, uncached: bool = False) -> Iterator[Server]:
    from sessions import free_port, wait_for

    port = free_port()
    log = folder / f"runs-{port}.jsonl"
    command = [sys.executable, __file__, "--serve", str(port), "--log", str(log)]
    process = subprocess.Popen(
        [*command, *(["--uncached"] if uncached else [])],
        env={**os.environ, "ENGAGE_WORKSPACE": str(workspace), "PYTHONPATH": str(ROOT)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        wait_for(f"http://127.0.0.1:{port}/_stcore/health", process)
        yield Server(f"http://127.0.0.1:{port}", process, log)
    finally:
        process.terminate()
        process.wait(timeout=20)


def reader_of(server: Server) -> Any:
    from sessions import App, Reader

    return Reader(App(server.address, "", server.log))


def measure(workspace: Path, folder: Path, repeat: int, *, uncached: bool) -> dict[str, Any]:
    """Return first content of a new server, times by page and of a filter change, and a session's memory."""
    with serving(workspace, folder, uncached=uncached) as server:
        reader, done = reader_of(server), 0
        began = time.perf_counter()
        reader.turn_to("overview")
        found: dict[str, Any] = {"first": time.perf_counter() - began}
        done += 1
        server.last(done)
        times: dict[str, list[dict[str, float]]] = {page: [] for page in PAGES}
        for turn in range(repeat + 1):
            for page in PAGES:
                drawn = reader.turn_to(page)
                done += 1
                took = server.last(done)
                if turn or uncached:
                    times[page].append(took)
                if page == "teams" and turn == 0:
                    picks = [one for one in _selects(drawn) if one.id.endswith("-group")]
        found["pages"] = {page: _middle(some) for page, some in times.items()}
        changes = []
        for turn in range(repeat + 2):
            reader.turn_to("teams")
            server.last(done + 1)
            _choose(reader, picks[0], turn % 2)
            done += 2
            took = server.last(done)
            if turn > 1 or uncached:
                changes.append(took)
        found["filter"] = _middle(changes)
        if not uncached:
            before = server.resident()
            held = [reader_of(server) for _ in range(SESSIONS)]
            for one in held:
                one.turn_to("overview")
            found["session"] = (server.resident() - before) / SESSIONS
            for one in held:
                one.close()
        reader.close()
    return found


def _selects(drawn: list[Any]) -> list[Any]:
    elements = [one.delta.new_element for one in drawn if one.WhichOneof("type") == "delta"]
    return [one.selectbox for one in elements if one.WhichOneof("type") == "selectbox"]


def _choose(reader: Any, pick: Any, place: int) -> None:
    """Pick another entry of a list on the page that is open."""
    from streamlit.proto.BackMsg_pb2 import BackMsg
    from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
    from streamlit.proto.WidgetStates_pb2 import WidgetState

    message = BackMsg()
    message.rerun_script.query_string = "lang=en"
    message.rerun_script.page_script_hash = reader.page_hashes["teams"]
    message.rerun_script.widget_states.widgets.append(
        WidgetState(id=pick.id, string_value=pick.options[place])
    )
    reader.socket.send(message.SerializeToString())
    while ForwardMsg.FromString(reader.socket.recv(timeout=240)).WhichOneof("type") != "script_finished":
        pass


def _middle(runs: list[dict[str, float]]) -> dict[str, float]:
    return {name: statistics.median(run[name] for run in runs) for name in ("cpu", "wall")}


def company(folder: Path, people: int) -> Path:
    """Return a workspace with two closed waves of many people."""
    from workspace_inputs import answers, as_csv, questionnaire

    from engage.workspace import Workspace

    scales = {
        "pay": "hygiene", "relationships": "hygiene", "growth": "motivator", "recognition": "motivator",
        "engagement": "outcome", "satisfaction": "outcome",
    }  # fmt: skip
    survey = questionnaire("large", scales, ("team", "site"))
    teams = {f"team {place:04d}": 200 for place in range(max(people // 200, 4))}
    space = Workspace(folder / "company")
    for place, wave in enumerate(("2025H1", "2025H2")):
        table = answers(survey, teams, seed=3 + place, day=f"2025-0{3 + 6 * place}-04")
        space.import_file(as_csv(table), wave=wave, instrument=survey, name=f"{wave}.csv")
        space.close(wave)
    return space.path


def report(found: dict[str, tuple[dict[str, Any], dict[str, Any]]]) -> str:
    """Return the table: each line cached, beside the baseline of the same run."""
    lines = [
        "| workspace | what | processor time | wall clock | uncached, processor time | limit |",
        "|---|---|---|---|---|---|",
    ]
    for name, (cached, bare) in found.items():
        pairs = [(f"switch to {page}", cached["pages"][page], bare["pages"][page]) for page in PAGES]
        pairs.append(("change the grouping", cached["filter"], bare["filter"]))
        lines.append(
            f"| {name} | first content of a new server | | {cached['first']:.2f} s | | {FIRST_S} s |"
        )
        lines += [
            f"| {name} | {what} | {1000 * one['cpu']:.0f} ms | {1000 * one['wall']:.0f} ms "
            f"| {1000 * other['cpu']:.0f} ms | {LIMIT_MS} ms |"
            for what, one, other in pairs
        ]
        lines.append(
            f"| {name} | memory of one more session | {cached['session']:.1f} MB | | | {SESSION_MB} MB |"
        )
    import streamlit

    at = f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}"
    load = f"load {os.getloadavg()[0]:.1f} at the end"
    return "\n".join([*lines, "", f"{at}, Streamlit {streamlit.__version__}; {load}."])


def main() -> None:
    """Measure and print, and write where asked."""
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--people", type=int, default=100_000)
    options.add_argument("--sample", type=Path, help="a sample workspace; built where none is named")
    options.add_argument("--large", type=Path, help="the workspace of an earlier run, instead of a new one")
    options.add_argument("--repeat", type=int, default=5)
    options.add_argument("--write", type=Path)
    options.add_argument("--serve", type=int, help=argparse.SUPPRESS)
    options.add_argument("--log", help=argparse.SUPPRESS)
    options.add_argument("--uncached", action="store_true", help=argparse.SUPPRESS)
    asked = options.parse_args()
    if asked.serve:
        serve(asked.serve, asked.log, uncached=asked.uncached)
        return
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        sample = asked.sample or folder / "sample"
        if asked.sample is None:
            command = [sys.executable, "-m", "engage", "demo", "--no-app", "--workspace", str(sample)]
            subprocess.run(command, check=True, env={**os.environ, "PYTHONPATH": str(ROOT)})
        spaces = {"sample": sample}
        if asked.people:
            spaces[f"{asked.people:,} people"] = asked.large or company(folder, asked.people)
        found = {
            name: (
                measure(space, folder, asked.repeat, uncached=False),
                measure(space, folder, 0, uncached=True),
            )
            for name, space in spaces.items()
        }
    table = report(found)
    print(table)
    if asked.write:
        text = asked.write.read_text(encoding="utf-8")
        head, tail = text.split(MARKS[0])[0], text.split(MARKS[1])[1]
        asked.write.write_text(f"{head}{MARKS[0]}\n{table}\n{MARKS[1]}{tail}", encoding="utf-8")


if __name__ == "__main__":
    main()
