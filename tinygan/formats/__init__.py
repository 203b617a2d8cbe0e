"""A network taken elsewhere, as ONNX, as safetensors, as plain NumPy arrays; and a melody, as sound or as notes.

What writes them is imported when it is used: nobody needs the packages `onnx`, `safetensors` and `mido` who does not.
"""

from tinygan.formats.arrays import save_npz, save_safetensors
from tinygan.formats.errors import FormatError
from tinygan.formats.music import save_midi, save_wav, waveform
from tinygan.formats.onnx import onnx_model, save_onnx

__all__ = [
    "FormatError",
    "onnx_model",
    "save_midi",
    "save_npz",
    "save_onnx",
    "save_safetensors",
    "save_wav",
    "waveform",
]
