"""Inception features for FID and Inception Score: ``python -m benchmarks.inception SAMPLES --weights FILE --out OUT``.

What ``python -m tinygan.evaluate --features FAKE.npz --reference REAL.npz`` takes: the 2048 pool3 features of each
image, and the 1000 class probabilities. The network is torchvision's Inception v3; its weights are brought along, not
downloaded.
"""

from __future__ import annotations

import argparse
import pickle
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from tinygan.archive import FOREIGN
from tinygan.commandline import Parser, guarded
from tinygan.data import DataError, folder, from_range
from tinygan.files import whole_file

PROGRAM = "python -m benchmarks.inception"
SIDE = 299  # pixels that the network was trained on
SLACK = 0.01  # of the range
LEAST = 20  # rows that evaluate --features needs
WEIGHTS = "the state_dict of torchvision's inception_v3 (for the usual ones: inception_v3_google-0cc3c7bd.pth)"
NOTE = (
    "the FID of papers has other weights, of TensorFlow's Inception of 2015: compare with numbers of these weights only"
)


def parse(argv: Sequence[str] | None) -> argparse.Namespace:
    p = Parser(prog=PROGRAM, description="Inception features of images, for tinygan.evaluate --features.")
    p.add_argument("samples", metavar="SAMPLES", help="a .npz of tinygan.sample, or a folder of pictures")
    p.add_argument("--weights", metavar="FILE", required=True, help=WEIGHTS)
    p.add_argument("--out", metavar="FILE", required=True, help="the .npz to write")
    ends = "what is black and white in a .npz of floats (-1 1 if a number is below 0, else 0 1)"
    p.add_argument("--range", metavar=("LOW", "HIGH"), type=float, nargs=2, help=ends)
    p.add_argument("--size", type=int, metavar="PIXELS", help="first bring pictures to the size of the samples")
    p.add_argument("--batch", type=int, default=32, help="images looked at together (32)")
    p.add_argument("--device", default="cpu", help="of PyTorch: cpu or cuda (cpu)")
    args: argparse.Namespace = p.parse_args(argv)
    out = Path(args.out)
    if out.suffix != ".npz" or out.is_dir() or not out.parent.is_dir():
        raise DataError(f"--out must be a .npz in a folder that exists, not {out}")
    if args.batch < 1:
        raise DataError(f"--batch must be at least 1, not {args.batch}")
    if args.size is not None and args.size < 1:
        raise DataError(f"--size must be at least 1, not {args.size}")
    return args


def images_of(path: Path, ends: Sequence[float] | None = None, size: int | None = None) -> np.ndarray:
    """Images (n, H, W, 1 or 3) in [0, 1], float32, of a `.npz` with ``samples`` or a folder of pictures.

    Raises
    ------
    DataError
        In one sentence, if there are none, too few, or they leave the range.
    """
    if path.suffix == ".npz":
        if size is not None:
            raise DataError("--size is for a folder of pictures: samples have the size they have")
        images = in_unit_range(samples_of(path), path, ends)
    else:
        if ends is not None:
            raise DataError("--range is for a .npz of floats: pictures are bytes")
        images = folder(path, size=size).pixels.astype(np.float32) / 255
    if len(images) < LEAST:
        raise DataError(f"{path} has {len(images)} images, and at least {LEAST} are needed")
    return images


def samples_of(path: Path) -> np.ndarray:
    """The array ``samples`` (n, H, W, 1 or 3), bytes or finite floats, of a `.npz`."""
    try:
        with np.load(path, allow_pickle=False) as file:
            samples = file["samples"]
    except FileNotFoundError:
        raise DataError(f"there is no file {path}") from None
    except FOREIGN:
        raise DataError(f"{path} is no .npz with an array 'samples', as tinygan.sample --out writes it") from None
    if samples.ndim != 4 or samples.shape[3] not in (1, 3) or samples.size == 0:
        raise DataError(f"the samples of {path} must be images of shape (n, H, W, 1 or 3), not {samples.shape}")
    if samples.dtype != np.uint8 and (samples.dtype.kind != "f" or not np.isfinite(samples).all()):
        raise DataError(f"the samples of {path} must be bytes or finite floats, not {samples.dtype}")
    return samples


def in_unit_range(samples: np.ndarray, path: Path, ends: Sequence[float] | None) -> np.ndarray:
    """Bytes, or floats in the range of the generator's last activation, in [0, 1]."""
    if samples.dtype == np.uint8:
        return samples.astype(np.float32) / 255
    least, most = float(samples.min()), float(samples.max())
    low, high = ends or ((-1.0, 1.0) if least < 0 else (0.0, 1.0))
    slack = SLACK * (high - low)
    if least < low - slack or most > high + slack:
        wrong = f"run from {least:.4g} to {most:.4g}, outside [{low:g}, {high:g}]"
        raise DataError(f"{path}: the samples {wrong}: give --range LOW HIGH")
    return from_range(samples.astype(np.float32), low, high)


def load_network(weights: Path, device: str = "cpu") -> Any:
    """Torchvision's Inception v3 with these weights, in evaluation mode, on a device of PyTorch.

    Raises
    ------
    DataError
        In one sentence, if PyTorch, torchvision, the weights or the device are missing, or they are of another network.
    """
    try:
        import torch
        from torchvision.models import inception_v3
    except ImportError as error:
        raise DataError(f"there is no {error.name}: Inception needs pip install torch torchvision") from None
    except RuntimeError as error:  # of a torchvision that was built for another PyTorch
        raise DataError(f"torchvision does not fit this PyTorch ({error}): install both anew, together") from None
    if not weights.is_file():
        raise DataError(f"there is no file {weights}: --weights must name {WEIGHTS}; nothing is downloaded")
    network = inception_v3(weights=None, aux_logits=True, transform_input=False, init_weights=False)
    try:
        network.load_state_dict(torch.load(weights, map_location="cpu", weights_only=True))
    except (pickle.UnpicklingError, zipfile.BadZipFile, *FOREIGN):
        raise DataError(f"{weights} is not {WEIGHTS}") from None
    try:
        return network.eval().to(device)
    except (RuntimeError, AssertionError) as error:  # what a PyTorch without CUDA raises
        raise DataError(f"--device {device}: {str(error).splitlines()[0]}") from None


def features_of(
    network: Any, images: np.ndarray, batch: int = 32, device: str = "cpu"
) -> tuple[np.ndarray, np.ndarray]:
    """What the network's last layer sees, and the softmax of what it says.

    Parameters
    ----------
    network : torch.nn.Module
        (n, 3, 299, 299) in [-1, 1] -> logits (n, K), by a last layer `fc`.
    images : ndarray (n, H, W, 1 or 3), float32 in [0, 1]
        Grey ones are shown as colour; all are brought to 299 x 299 by bilinear interpolation, smoothed where that makes
        them smaller.
    batch : int
    device : str
        Of PyTorch, where the network is.

    Returns
    -------
    features : ndarray (n, d), float32
        d = 2048 of Inception.
    probabilities : ndarray (n, K), float32
    """
    import torch
    from torch.nn.functional import interpolate, softmax

    seen: list[Any] = []
    hook = network.fc.register_forward_pre_hook(lambda layer, inputs: seen.append(inputs[0]))
    parts = []
    try:
        with torch.no_grad():
            for start in range(0, len(images), batch):
                x = torch.from_numpy(images[start : start + batch]).to(device).permute(0, 3, 1, 2)
                x = interpolate(x, (SIDE, SIDE), mode="bilinear", align_corners=False, antialias=True)
                p = softmax(network(2 * x.expand(-1, 3, -1, -1) - 1), dim=1)
                parts.append((seen.pop().cpu().numpy(), p.cpu().numpy()))
    finally:
        hook.remove()
    features, probabilities = (np.concatenate(part) for part in zip(*parts, strict=True))
    return features, probabilities


def main(argv: Sequence[str] | None = None) -> None:
    args = parse(argv)
    network = load_network(Path(args.weights), args.device)  # first: nobody waits for pictures to be read in vain
    images = images_of(Path(args.samples), args.range, args.size)
    features, probabilities = features_of(network, images, args.batch, args.device)
    with whole_file(args.out) as file:
        np.savez(file, features=features, probabilities=probabilities)
    print(f"features {features.shape} and probabilities {probabilities.shape} of {args.samples} in {args.out}")
    print(NOTE)


if __name__ == "__main__":
    guarded(PROGRAM, main)
