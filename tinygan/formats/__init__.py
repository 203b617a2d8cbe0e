"""A network taken elsewhere: as ONNX, as safetensors, as plain NumPy arrays.

What writes them is imported when it is used, so that nobody needs the packages `onnx` and `safetensors` who does not.
"""

from tinygan.formats.arrays import save_npz, save_safetensors
from tinygan.formats.errors import FormatError
from tinygan.formats.onnx import onnx_model, save_onnx

__all__ = ["FormatError", "onnx_model", "save_npz", "save_onnx", "save_safetensors"]
