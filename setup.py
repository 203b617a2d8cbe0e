"""A wheel holds the exercises as a class gets them: the stubs, and what checks them, without the solutions."""

import runpy
import shutil
from pathlib import Path

from setuptools import setup
from setuptools.command.build_py import build_py


class WithExercises(build_py):
    def run(self) -> None:
        super().run()
        if not self.editable_mode:  # a clone has them in tutorials/exercises
            make_stubs = runpy.run_path(str(Path(__file__).parent / "tutorials" / "exercises" / "make_stubs.py"))
            folder = Path(self.build_lib) / "tinygan" / "check" / "exercises"
            shutil.rmtree(folder, ignore_errors=True)  # of an earlier build: no file there is anybody's work
            make_stubs["main"](folder)


setup(cmdclass={"build_py": WithExercises})
