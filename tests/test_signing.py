"""Signing in against a provider that runs here, readers in numbers, and where the app refuses to listen."""

import re
import shutil
import threading
from pathlib import Path

import pytest
from oidc import CLIENT_SECRET, SPOILT, provider
from roles_inputs import PERSONAS, SEES, UNITS, WAVES, company, foreign, listed
from sessions import App, Reader, as_bytes, buttons, pages_listed, serving

from engage.cli import run
from engage.cli.serving import check_reach
from engage.errors import EngageError
from engage.privacy import Access
from engage.privacy.sign_in import is_local, is_local_host
from engage.views.signing import name_of
from engage.views.template import NEEDS, PAGES
from engage.words import LANGUAGES, say

REST = pytest.mark.rest
SECRETS = {
    "redirect_uri": "https://engage.example.org/oauth2callback", "cookie_secret": "x" * 40,
    "client_id": "engage", "client_secret": "y", "server_metadata_url": "https://id.example.org/.well-known",
}  # fmt: skip


# -- where the app listens


def test_what_is_this_machine():
    for address in ("127.0.0.1", "127.3.2.1", "localhost", "::1", "[::1]", "LOCALHOST"):
        assert is_local(address), address
    for address in ("0.0.0.0", "::", None, "", "10.0.0.7", "example.org", "127.0.0.1.example.org", "unix:/x"):
        assert not is_local(address), address
    for host in ("127.0.0.1:8501", "localhost", "[::1]:8501"):
        assert is_local_host(host), host
    for host in ("engage.example.org:8501", "10.0.0.7:8501", "", "localhost.example.org"):
        assert not is_local_host(host), host


@pytest.mark.parametrize("lang", LANGUAGES)
def test_the_app_listens_beyond_this_machine_only_where_people_sign_in(lang, tmp_path, capsys):
    for address in ("0.0.0.0", "::", "192.0.2.7"):
        code = run(["app", "--workspace", str(tmp_path), "--address", address, "--lang", lang])
        assert code == 2
        said = capsys.readouterr().err
        assert say("access.address_open.what", lang) in said
        assert say("access.address_open.remedy", lang) in said


def written(folder: Path, *, without: str = "", **changed: str) -> Path:
    told = {name: value for name, value in (SECRETS | changed).items() if name != without}
    file = folder / "secrets.toml"
    file.write_text("[auth]\n" + "".join(f'{n} = "{v}"\n' for n, v in told.items()), encoding="utf-8")
    return file


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        *(({"without": name}, "secrets_incomplete") for name in SECRETS),
        ({"cookie_secret": "short"}, "secret_short"),
        ({"redirect_uri": "https://engage.example.org/"}, "redirect_elsewhere"),
        ({"redirect_uri": "http://engage.example.org/oauth2callback"}, "redirect_plain"),
    ],
)
def test_a_sign_in_that_would_not_hold_is_refused(changed, code, tmp_path):
    space = tmp_path / "space"
    space.mkdir()
    listed(space)
    check_reach(space, "0.0.0.0", written(tmp_path))
    with pytest.raises(EngageError) as caught:
        check_reach(space, "0.0.0.0", written(tmp_path, **changed))
    assert caught.value.code == f"access.{code}"
    assert SECRETS["client_secret"] not in str(caught.value.params)


def test_sign_in_takes_a_list_and_a_file_outside_the_workspace(tmp_path):
    space = tmp_path / "space"
    space.mkdir()
    with pytest.raises(EngageError) as caught:
        check_reach(space, "127.0.0.1", written(tmp_path))
    assert caught.value.code == "access.no_list"
    listed(space)
    for file, code in ((written(space), "secrets_inside"), (tmp_path / "none.toml", "secrets_unreadable")):
        with pytest.raises(EngageError) as caught:
            check_reach(space, "127.0.0.1", file)
        assert caught.value.code == f"access.{code}"
    local = written(tmp_path, redirect_uri="http://127.0.0.1:8501/oauth2callback")
    check_reach(space, "127.0.0.1", local)
    with pytest.raises(EngageError, match="https"):
        check_reach(space, "0.0.0.0", local)


def test_the_name_is_what_the_provider_vouches_for():
    assert name_of({"email": "a@b.org", "sub": "7"}) == "a@b.org"
    assert name_of({"email": "a@b.org", "email_verified": True, "sub": "7"}) == "a@b.org"
    assert name_of({"email": "a@b.org", "email_verified": False, "sub": "7"}) == "7"
    assert name_of({"preferred_username": "root@example.org"}) == ""


# -- with a server and a provider


@pytest.fixture(scope="module")
def space(tmp_path_factory) -> Path:
    return listed(company(tmp_path_factory.mktemp("signing")))


@pytest.fixture(scope="module")
def signing():
    with provider() as found:
        yield found


@pytest.fixture(scope="module")
def app(space, signing, tmp_path_factory):
    with serving(space, tmp_path_factory.mktemp("server"), signing) as found:
        yield found


@pytest.fixture(autouse=True)
def honest(request):
    """A provider that was made to lie is honest again for the next test."""
    yield
    if "signing" in request.fixturenames:
        request.getfixturevalue("signing").spoil = ""


def secrets_of(app: App, signing) -> list[str]:
    return [app.cookie_secret, CLIENT_SECRET, *signing.given]


@REST
def test_who_signs_in_sees_what_is_theirs_and_nobody_else_anything(app, signing):
    before = Reader(app)
    drawn = before.turn_to("teams")
    assert pages_listed(drawn) == set()
    assert not [unit for unit in (*UNITS, *WAVES) if unit.encode() in as_bytes(drawn)]
    alma = Reader(app)
    alma.sign_in("alma@example.org")
    drawn = alma.turn_to("teams")
    assert pages_listed(drawn) == set(PAGES) - {"upload"}
    sent = as_bytes(drawn)
    assert all(unit.encode() in sent for unit in SEES["alma@example.org"][:2])
    assert b"alma@example.org" in sent
    refused = as_bytes(alma.turn_to("upload"))
    assert say("access.refused", "en", roles=["HR", "administrator"]).encode() in refused
    (out,) = [one.id for one in buttons(alma.turn_to("overview")) if "sign_out" in one.id]
    away = alma.turn_to("overview", press=out)[-1].auth_redirect.url
    alma.close()
    alma.open(f"{app.address}{away}").close()
    assert not [one for one in alma.jar if one.name == "_streamlit_user" and one.value]
    assert say("access.sign_in", "en").encode() in as_bytes(alma.turn_to("teams"))
    log = app.log.read_text(encoding="utf-8")
    assert not [secret for secret in secrets_of(app, signing) if secret in log]
    assert "example.org" not in log


@REST
@pytest.mark.parametrize("spoil", SPOILT)
def test_a_token_that_is_not_as_it_should_be_signs_nobody_in(spoil, app, signing):
    signing.spoil = spoil
    root = Reader(app)
    root.sign_in("root@example.org")
    sent = as_bytes(root.turn_to("teams"))
    assert not [unit for unit in UNITS if unit.encode() in sent]
    if spoil == "unverified":  # signed in, under a name that nobody has
        assert b"subject-root@example.org" in sent
    else:
        assert say("access.sign_in", "en").encode() in sent
    log = app.log.read_text(encoding="utf-8")
    assert not [secret for secret in secrets_of(app, signing) if secret in log]


@REST
def test_a_cookie_that_was_tampered_with_signs_nobody_in(app):
    alma = Reader(app)
    alma.sign_in("alma@example.org")
    for cookie in alma.jar:
        if cookie.name == "_streamlit_user":
            cookie.value = cookie.value[:20] + ("A" if cookie.value[20] != "A" else "B") + cookie.value[21:]
    sent = as_bytes(alma.turn_to("teams"))
    assert say("access.sign_in", "en").encode() in sent
    assert not [unit for unit in UNITS if unit.encode() in sent]


@pytest.mark.slow
def test_fifty_people_at_once_see_each_their_own(app, signing):
    """Fifty sessions of all roles, at the same time, each on several pages in an order of its own."""
    first = {name: Reader(app) for name in PERSONAS}
    for name, reader in first.items():
        reader.sign_in(name)
    names = [list(PERSONAS)[place % len(PERSONAS)] for place in range(50)]
    pages = ("overview", "teams", "quality", "upload")
    readers = [Reader(app, first[name].jar) for name in names]
    for reader in readers:
        reader.connect()
    faults: list[str] = []
    begin = threading.Barrier(len(readers))

    def walk(place: int) -> None:
        name, reader = names[place], readers[place]
        try:
            begin.wait(timeout=120)
            for step in range(3):
                page = pages[(step + place) % len(pages)]
                faults.extend(f"{name} {page}: {fault}" for fault in _faults(reader, name, page))
        except Exception as error:
            faults.append(f"{name}: {type(error).__name__} {error}")

    threads = [threading.Thread(target=walk, args=(place,)) for place in range(len(readers))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for reader in readers:
        reader.close()
    assert faults == []
    log = app.log.read_text(encoding="utf-8")
    assert not [unit for unit in UNITS if unit in log]
    assert not [secret for secret in secrets_of(app, signing) if secret in log]


def _faults(reader: Reader, name: str, page: str) -> list[str]:
    """Return what is wrong with a page for a person: what it must not and what it must hold."""
    role, drawn = PERSONAS[name], reader.turn_to(page)
    sent = as_bytes(drawn)
    found = [f"names {unit}" for unit in foreign(name) if unit.encode() in sent]
    found += [f"is told of {other}" for other in PERSONAS if other != name and other.encode() in sent]
    if say("app.broken", "en").encode() in sent:
        found.append("is broken")
    may = bool(role) and Access.may(role, NEEDS.get(page, "results"))
    if role and may != (say("access.refused", "en", roles=["HR", "administrator"]).encode() not in sent):
        found.append("is refused" if may else "is not refused")
    if page == "teams" and role:
        found += [f"lacks {u}" for u in SEES.get(name, UNITS) if "wood" not in u and u.encode() not in sent]
    if not role and any(message.WhichOneof("type") == "delta" and _is_data(message) for message in drawn):
        found.append("holds data")
    return found


def _is_data(message) -> bool:
    kind = message.delta.new_element.WhichOneof("type")
    return kind in ("arrow_data_frame", "arrow_vega_lite_chart", "metric")


@REST
def test_a_request_from_elsewhere_without_sign_in_gets_nothing(space, tmp_path):
    """Also where a proxy or a page of another site reaches the single user's server on this machine."""
    (alone := shutil.copytree(space, tmp_path / "alone") / "access.yaml").unlink()
    with serving(alone.parent, tmp_path, None) as app:
        reader = Reader(app)
        assert b"Quokka East" in as_bytes(reader.turn_to("teams"))
        reader.close()
        for led in ({"host": "engage.example.org"}, {"X-Forwarded-For": "203.0.113.9"}):
            reader.connect(**led)
            sent = as_bytes(reader.turn_to("teams"))
            assert say("access.address_forwarded.what", "en").encode() in re.sub(rb"\\", b"", sent)
            assert not [unit for unit in UNITS if unit.encode() in sent]
            reader.close()


@REST
def test_streamlits_own_flags_are_no_way_round(space, tmp_path):
    """The server started by hand on every address serves a refusal, and no data."""
    import os
    import subprocess
    import sys

    from sessions import ROOT, free_port, wait_for

    port = free_port()
    alone = shutil.copytree(space, tmp_path / "alone")
    (alone / "access.yaml").unlink()
    command = [sys.executable, "-m", "streamlit", "run", str(ROOT / "app.py"), "--server.port", str(port),
               "--server.address", "0.0.0.0", "--server.headless", "true"]  # fmt: skip
    environment = {**os.environ, "ENGAGE_WORKSPACE": str(alone), "PYTHONPATH": str(ROOT)}
    with (tmp_path / "log").open("wb") as log:
        server = subprocess.Popen(command, cwd=tmp_path, env=environment, stdout=log, stderr=log)
    try:
        wait_for(f"http://127.0.0.1:{port}/_stcore/health", server)
        reader = Reader(App(f"http://127.0.0.1:{port}", "", tmp_path / "log"))
        sent = as_bytes(reader.turn_to("teams"))
        assert say("access.address_open.what", "en").encode() in sent.replace(b"\\", b"")
        assert not [unit for unit in UNITS if unit.encode() in sent]
        reader.close()
    finally:
        server.terminate()
        server.wait(timeout=20)
