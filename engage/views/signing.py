"""Who is at the other end: somebody who signed in and is listed, or the one user of this machine."""

from collections.abc import Mapping

import streamlit as st
from streamlit.errors import StreamlitSecretNotFoundError

from engage.errors import EngageError, UsageError
from engage.privacy.sign_in import is_local, is_local_host
from engage.words import Language, say
from engage.workspace import Workspace


def is_set_up() -> bool:
    """Return whether the operator named a provider to sign in with."""
    try:
        return bool(st.secrets.get("auth"))
    except StreamlitSecretNotFoundError:
        return False


def refuse_strangers() -> None:
    """Raise ``UsageError`` where others than the user of this machine could come in without signing in.

    The command ``engage app`` refuses beforehand; this holds however the server was started.
    """
    if st.get_option("server.trustedUserHeaders"):  # a header is whatever its sender says
        raise UsageError("access.trusted_headers", where="server.trustedUserHeaders")
    if is_set_up():
        return
    address = st.get_option("server.address")
    if not is_local(address):
        raise UsageError("access.address_open", where=str(address or "0.0.0.0"))
    headers = {name.lower(): value for name, value in st.context.headers.items()}
    if not is_local_host(headers.get("host", "localhost")) or "x-forwarded-for" in headers:
        raise UsageError("access.address_forwarded", where=headers.get("host", ""))


def signed_in(lang: Language) -> str | None:
    """Return the name that was signed in with, ``""`` where nobody needs to; else offer to, and ``None``."""
    if not is_set_up():
        return ""
    if st.user.get("is_logged_in"):
        name = name_of(st.user.to_dict())
        if not name:
            raise UsageError("access.no_name")
        return name
    st.title(say("access.sign_in_title", lang), anchor=False)
    st.markdown(say("access.sign_in_text", lang))
    st.button(say("access.sign_in", lang), type="primary", key="sign_in", on_click=st.login)
    return None


def name_of(claims: Mapping[str, object]) -> str:
    """Return the name of somebody for whom the provider vouches: the e-mail address, else the subject.

    An address that the provider says it has not verified is nobody's name: anybody can claim it.
    """
    email = str(claims.get("email") or "")
    if email and claims.get("email_verified") not in (False, "false"):
        return email
    return str(claims.get("sub") or "")


def open_workspace(folder: str, who: str) -> Workspace:
    """Return the workspace as ``who`` may use it (``""``: the user of this machine).

    Raises ``UsageError`` where people sign in and none is listed, or this one is not.
    """
    space = Workspace(folder, who=who)
    if who and space.access.single_user:
        raise UsageError("access.no_list", where="access.yaml")
    space.access.allow(space.who, "results")
    return space


def show_person(space: Workspace, lang: Language) -> None:
    """Draw who is signed in, as what, and the way out."""
    if not is_set_up():
        return
    with st.sidebar:
        try:
            person = space.person
        except EngageError:
            person = None
        if person is not None:
            role = say(f"access.role_{person.role}", lang)
            st.text(say("access.signed_in", lang, name=person.name, role=role))
        sign_out(lang)


def sign_out(lang: Language) -> None:
    """Draw the way out."""
    st.button(say("access.sign_out", lang), key="sign_out", on_click=st.logout)
