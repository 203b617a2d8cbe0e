"""A command as the user's shell reads it, for messages that say how to go on."""

import shlex
import subprocess
import sys
from collections.abc import Iterable


def quoted(words: Iterable[object]) -> str:
    """The words as one line, quoted where they need it.

    Windows' shells do not read what `shlex` writes: there a backslash separates folders, and cmd.exe takes single
    quotes for letters. Double quotes are read by cmd.exe and by PowerShell.
    """
    join = subprocess.list2cmdline if sys.platform == "win32" else shlex.join
    return join([str(word) for word in words])
