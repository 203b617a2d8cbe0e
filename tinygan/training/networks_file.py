"""Networks in a Python file of one's own, FILE.py:NAME, and its copy in the run folder.

The file is run to get at the networks, so a run folder with such a copy is a program: sample from one only if you
would run its networks.py.
"""

from __future__ import annotations

import hashlib
import os
import sys
import traceback
import types
from dataclasses import dataclass
from pathlib import Path

from tinygan.files import whole_file
from tinygan.gan.networks import Networks
from tinygan.nn import Module
from tinygan.reading import plain_bytes
from tinygan.training.config import ConfigError
from tinygan.words import did_you_mean, printable, short

COPY = "networks.py"  # in the run folder
LARGEST = 1 << 24  # bytes


@dataclass(frozen=True)
class NetworksFile:
    """A file, read once, and the name in it.

    Attributes
    ----------
    path : Path
    name : str
        Of a `Networks`, or of a function without arguments that returns one.
    content : bytes
    """

    path: Path
    name: str
    content: bytes

    @classmethod
    def named(cls, spec: str) -> NetworksFile:
        """The file of "FILE.py:NAME".

        Raises
        ------
        ConfigError
            In one sentence, if it is not written so, or the file cannot be read.
        """
        file, colon, name = spec.rpartition(":")
        if not colon or not file or not name.isidentifier():
            raise ConfigError(f"--networks must be FILE.py:NAME, such as my.py:networks, not {short(spec)}")
        return cls.read(Path(os.path.expanduser(file)), name)

    @classmethod
    def read(cls, path: Path, name: str) -> NetworksFile:
        """The file at `path`; errors as `named`."""
        try:
            return cls(path, name, plain_bytes(path, LARGEST))
        except (OSError, ValueError) as error:  # the latter for a name with a zero byte, too
            why = getattr(error, "strerror", None) or error
            raise ConfigError(f"--networks: {printable(path)} cannot be read ({why})") from None

    @property
    def sha256(self) -> str:
        """Of the content, in hexadecimal."""
        return hashlib.sha256(self.content).hexdigest()

    def said(self) -> str:
        """One line: which file the networks are of."""
        return f"the networks are {self.name} of {self.path}"

    def copy_to(self, folder: Path) -> None:
        """Put a copy into a run folder."""
        with whole_file(folder / COPY) as file:
            file.write(self.content)

    def networks(self) -> Networks:
        """Run the file and return what it calls `name`.

        Files beside it can be imported as long as it is run at its own place; the copy in a run folder stands alone.

        Raises
        ------
        ConfigError
            In one sentence with the line, if the file fails, or the name is none of its networks.
        """
        module = types.ModuleType(f"tinygan_networks_{self.sha256[:12]}")
        module.__file__ = str(self.path)
        beside = os.path.abspath(self.path.parent)
        sys.modules[module.__name__] = module  # dataclasses and the like look their module up there
        sys.path.insert(0, beside)
        try:
            exec(compile(self.content, str(self.path), "exec"), vars(module))
            found = vars(module).get(self.name)
            if callable(found) and not isinstance(found, (Networks, Module, type)):
                found = found()
        except KeyboardInterrupt:
            raise
        except BaseException as error:  # whatever a user's file may raise, an exit included
            raise ConfigError(f"--networks: {self._said(error)}") from error
        finally:
            if beside in sys.path:
                sys.path.remove(beside)
        if isinstance(found, Networks):
            return found
        known = [name for name, value in vars(module).items() if isinstance(value, Networks)]
        if self.name not in vars(module):
            hint = did_you_mean(self.name, known) if known else ": write NAME = tg.Networks(make_g, make_d)"
            raise ConfigError(f"--networks: {self.path} has no {self.name}{hint}")
        what = f"{self.name} of {self.path} is, or returns, something of type {type(found).__name__}"
        raise ConfigError(f"--networks: {what}, not Networks: write {self.name} = tg.Networks(make_g, make_d)")

    def _said(self, error: BaseException) -> str:
        """The error with the place in the file where it came from."""
        here = str(self.path)
        text = str(error)
        lines = [frame.lineno for frame in traceback.extract_tb(error.__traceback__) if frame.filename == here]
        if isinstance(error, SyntaxError) and error.filename == here and error.lineno:
            text = error.msg
            lines.append(error.lineno)
        where = f"{here}, line {lines[-1]}" if lines else here
        return f"{where}: {type(error).__name__}{text and f': {text}'}"


def kept_in(folder: Path, name: str, sha256: str) -> NetworksFile:
    """The copy in a run folder.

    Raises
    ------
    ConfigError
        In one sentence, if it is missing, or no longer what the run began with.
    """
    if not (folder / COPY).exists():
        mend = "name your file with --networks FILE.py:NAME"
        raise ConfigError(f"{folder / COPY}, the copy of the networks, is missing: {mend}")
    file = NetworksFile.read(folder / COPY, name)
    if file.sha256 != sha256:
        raise ConfigError(f"{file.path} was changed since the run began (another SHA-256): put back what it was")
    return file
