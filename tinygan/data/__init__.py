"""What to learn from: 2-D mixtures and points, rendered digits, strings, melodies, MNIST and its like, your own data.

`load` is the one door: it takes a name, a path, arrays or an object that draws points. `batches` draws from what it
returns.
"""

from tinygan.data.batches import Batches, MixtureBatches, batches
from tinygan.data.cache import cache_dir
from tinygan.data.digits import digits
from tinygan.data.errors import DataError
from tinygan.data.faces import faces
from tinygan.data.folder import folder
from tinygan.data.idx import read_idx
from tinygan.data.images import Images, from_range, to_range
from tinygan.data.load import check, kind, load, short_name
from tinygan.data.melodies import Melodies, melodies
from tinygan.data.mixture import Mixture, grid, ring
from tinygan.data.mnist import fashion, mnist
from tinygan.data.pairs import Pairs, sketches
from tinygan.data.points import Points
from tinygan.data.sequences import Sequences
from tinygan.data.sets import NAMES, SETS, DataSet
from tinygan.data.stacked import stacked
from tinygan.data.strings import Strings, dates, molecules

__all__ = [
    "NAMES",
    "SETS",
    "Batches",
    "DataError",
    "DataSet",
    "Images",
    "Melodies",
    "Mixture",
    "MixtureBatches",
    "Pairs",
    "Points",
    "Sequences",
    "Strings",
    "batches",
    "cache_dir",
    "check",
    "dates",
    "digits",
    "faces",
    "fashion",
    "folder",
    "from_range",
    "grid",
    "kind",
    "load",
    "melodies",
    "mnist",
    "molecules",
    "read_idx",
    "ring",
    "short_name",
    "sketches",
    "stacked",
    "to_range",
]
