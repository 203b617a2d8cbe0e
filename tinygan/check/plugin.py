"""For a class's repository: ``pytest -p tinygan.check.plugin``, a test for each exercise (``-k ex05`` for one)."""

import pytest

from tinygan.check.engine import exercises, submission
from tinygan.check.exam import BLANK


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--skip-not-attempted", action="store_true", help="skip what is not attempted; else it fails")
    parser.addoption("--exercises", nargs=2, default=(None, None), metavar=("DIR", "SOURCE"), help="other folders")


def pytest_collection_modifyitems(session: pytest.Session, config: pytest.Config, items: list[pytest.Item]) -> None:
    for exercise in exercises(*config.getoption("--exercises"))[1]:
        items.append(Attempt.from_parent(session, name=exercise.path.stem, nodeid=f"exercises::{exercise.path.stem}"))


class Attempt(pytest.Item):
    def runtest(self) -> None:
        folder, (exercise,) = exercises(*self.config.getoption("--exercises"), [self.name])  # type: ignore[call-arg]
        result = submission(exercise, folder)
        if result.status == BLANK and self.config.getoption("--skip-not-attempted"):
            pytest.skip(str(result))
        if not result:
            pytest.fail(str(result), pytrace=False)
