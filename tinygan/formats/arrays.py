"""The numbers of a network by name, as .safetensors or .npz, with what is needed to build it elsewhere."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import numpy as np

from tinygan.files import PathLike, whole_file
from tinygan.formats.errors import FormatError, needed
from tinygan.nn import Module
from tinygan.words import short

RESERVED = {"meta", "file", "allow_pickle"}  # names that `numpy.savez` or `save_npz` use themselves


def save_safetensors(path: PathLike, network: Module, metadata: Mapping[str, Any] | None = None) -> None:
    """Write the parameters and buffers of a network to a .safetensors file.

    Parameters
    ----------
    path : str or PathLike
        Replaced only when the whole new file is there.
    network : Module
        Its arrays keep the names that `state_dict` gives them ("0.W"), and tinygan's order of axes.
    metadata : mapping, optional
        Goes into the file's header, whose values are text: all else becomes JSON. ``layers`` is added: the layers by
        name, in order, with their settings.

    Raises
    ------
    FormatError
        If the package safetensors is missing.
    OSError
        If the file cannot be written.
    """
    numpy_format = needed("safetensors.numpy")
    meta = {key: text(value) for key, value in {**(metadata or {}), "layers": layers(network)}.items()}
    content = numpy_format.save(network.state_dict(), meta)
    with whole_file(path) as file:
        file.write(content)


def save_npz(path: PathLike, network: Module, metadata: Mapping[str, Any] | None = None) -> None:
    """Write the parameters and buffers of a network to a plain .npz file, which `numpy.load` reads.

    Parameters
    ----------
    path, network
        As in `save_safetensors`.
    metadata : mapping, optional
        What JSON can hold. It stands, with ``layers`` added, in the array ``meta``, which is one JSON text.

    Raises
    ------
    FormatError
        If an array of the network has a name that the file needs for something else.
    OSError
        If the file cannot be written.
    """
    arrays = network.state_dict()
    taken = sorted(RESERVED & arrays.keys())
    if taken:
        raise FormatError(
            f"an array called {short(taken[0])} cannot be written to a .npz: give the attribute another name"
        )
    meta = np.array(json.dumps({**(metadata or {}), "layers": layers(network)}))
    with whole_file(path) as file:
        np.savez(file, **arrays, meta=meta)  # type: ignore[arg-type]


def layers(network: Module) -> dict[str, dict[str, Any]]:
    """The layers by name, in order, each with its type and its settings: what its parameters do not tell."""
    return {name: {"layer": type(module).__name__, **_settings(module)} for name, module in network.modules() if name}


def text(value: Any) -> str:
    """Text as it is, all else as JSON. Bytes of a path that are no UTF-8, which the formats want, are spelt."""
    return value.encode("utf-8", "backslashreplace").decode() if isinstance(value, str) else json.dumps(value)


def _settings(module: Module) -> dict[str, Any]:
    """The attributes that are plain numbers, texts, or tuples of them."""
    public = {name: value for name, value in vars(module).items() if name != "training" and not name.startswith("_")}
    return {name: value for name, value in public.items() if _is_plain(value)}


def _is_plain(value: Any) -> bool:
    if isinstance(value, (list, tuple)):
        return all(map(_is_plain, value))
    return value is None or isinstance(value, (bool, int, float, str))
