"""Fixtures for tests of whole runs."""

import pytest

from tinygan import plot
from tinygan.files import whole_file
from tinygan.training import pictures


def stub(path, *args, **options):
    """A picture that takes no time to draw."""
    with whole_file(path) as file:
        file.write(b"picture")


@pytest.fixture
def quick_pictures(monkeypatch):
    """Runs leave all their files, but nothing is drawn: drawing takes most of the time of a tiny run."""
    monkeypatch.setattr(plot, "save_curves", stub)
    monkeypatch.setattr(plot, "save_gif", stub)
    monkeypatch.setattr(pictures, "save_reals", lambda setup, path: stub(path))
    monkeypatch.setattr(pictures, "save_fakes", lambda setup, path, fakes, step: stub(path))
