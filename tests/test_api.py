"""The public names are there, and lazily."""

import engage


def test_every_public_name_resolves():
    for name in engage.__all__:
        assert getattr(engage, name).__doc__, f"{name} has no docstring"
    assert set(engage._HOME) == set(engage.__all__)


def test_an_unknown_name_is_an_attribute_error():
    assert not hasattr(engage, "magic")
