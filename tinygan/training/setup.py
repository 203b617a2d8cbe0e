"""Everything a run needs, and its state, whole, for resuming."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

import tinygan
from tinygan import data, evaluation
from tinygan.backend import current_backend
from tinygan.data.batches import Batches, MixtureBatches
from tinygan.data.rng import DamagedPlace, rng_state, set_rng_state
from tinygan.data.stored import Stored
from tinygan.gan.conditioning import Conditioning
from tinygan.gan.game import Game
from tinygan.gan.noise import Noise
from tinygan.given import MOST, is_whole
from tinygan.nn import Module
from tinygan.training.about import About
from tinygan.training.checkpoint import CheckpointError, part
from tinygan.training.config import Config, ConfigError
from tinygan.training.distributed import Ranks, program
from tinygan.training.networks import Chosen
from tinygan.training.sources import Sources
from tinygan.words import listed, short

EVAL_SAMPLES = 2500  # of each measurement, as many as in PacGAN's experiments on points


@dataclass
class Setup:
    """Everything that trains.

    Attributes
    ----------
    config : Config
    dataset : Images, Sequences, Pairs, Mixture or Points
    networks : Chosen
        Whose networks they are.
    batches : Batches or MixtureBatches
    game : Game
    range : (low, high)
        Of the generator's images, to which the data are scaled; (0, 1) of sequences, and of points, which have none.
    drop_rng : numpy.random.Generator
        Drawn from by the Dropout layers.
    z : array (samples, latent + code)
        The fixed noise behind all pictures of the run (see `Noise.columns`); of pairs, fixed pairs that were not
        trained with, where there are some.
    ranks : Ranks
        The processes that train together; just this one, as a rule.
    behind : Noise or Sources
        What the generator is fed: z, and the code behind it; of pairs, their sources.
    judge : Judge or None
        Measures samples on the way, on rank 0; None if nothing is to be measured.
    """

    config: Config
    dataset: Stored | data.Mixture | data.Points
    networks: Chosen
    batches: Batches | MixtureBatches
    game: Game
    range: tuple[float, float]
    drop_rng: np.random.Generator
    z: np.ndarray
    ranks: Ranks
    behind: Noise | Sources
    judge: evaluation.Judge | None = None

    @property
    def sampler(self) -> Module:
        """The generator that samples are drawn from: the moving average where there is one."""
        game = self.game
        return game.average.network if game.average else game.generator

    @property
    def condition(self) -> Conditioning | None:
        """What stands behind z."""
        return self.behind.condition

    def about(self, step: int) -> About:
        """What the files of this run say of its generator after `step` steps."""
        names = self.dataset.class_names if isinstance(self.dataset, Stored) else None
        where = (self.dataset.sample_shape, self.range, classes_of(self.dataset), names)
        alphabet = self.dataset.alphabet if isinstance(self.dataset, data.Sequences) else None
        source = self.dataset.source if isinstance(self.dataset, data.Pairs) else None
        return About(step, self.config, *where, self.networks.sha256, alphabet, source)

    def next_reals(self) -> Any:
        """The next batch of real samples, in the generator's range: on the host, or where the data are.

        With conditioning: (samples, labels).
        """
        batch = self.batches.next()
        return batch if self.condition else batch[0]

    def draw(self, noise: np.ndarray, batch: int = 250) -> np.ndarray:
        """Samples (n, ...) of `sampler` for noise, or for the sources of pairs; on the host."""
        return self.behind.samples(self.sampler, noise, batch)

    def measured_noise(self, n: int) -> np.ndarray:
        """The noise of every measurement: always the same, and none that evaluate or sample draws by a --seed.

        So a best checkpoint that was only lucky with its noise is found out by them.
        """
        return self.behind.draw(np.random.default_rng([self.config.seed, 2]), n)

    def set_learning_rates(self, step: int) -> None:
        """The learning rates of this step; they depend on the step alone, so that resuming is exact."""
        c = self.config
        factor = 0.5 ** (step / c.lr_half_life) if c.lr_half_life else 1.0
        self.game.opt_g.lr = c.lr * factor
        self.game.opt_d.lr = (c.lr_d or c.lr) * factor

    def take_epochs(self, epochs: int | None) -> None:
        """Turn passes over the data into steps, which depends on the number of batches in the data."""
        if epochs is None:
            return
        if not is_whole(epochs):
            raise ConfigError(f"--epochs must be at least 1 and at most {MOST}, not {short(epochs)}")
        if self.batches.batches_per_epoch is None:
            raise ConfigError(f"--data {self.config.data} never runs out of samples: give --steps instead of --epochs")
        self.config.steps = max(1, epochs * self.batches.batches_per_epoch // self.config.n_critic)
        self.config.check()

    def state(self, step: int) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
        """(arrays, meta) for a checkpoint after `step` steps: all that the next step depends on.

        Every rank of a distributed run must come here: each adds its own place in the data and random numbers.
        """
        game, arrays = self.game, self._arrays()
        own = {
            "data": self.batches.state(),
            "noise_rng": rng_state(game.rng),
            "drop_rng": rng_state(self.drop_rng),
        }
        meta = {**self.about(step).to_meta("checkpoint"), **own}
        if self.ranks.size > 1:
            self.check_ranks(step, arrays)
            meta["ranks"] = self.ranks.gather(own)
        return arrays, meta

    def _arrays(self) -> dict[str, np.ndarray]:
        """All that was learnt: the weights, the optimisers' moments, the moving average."""
        game = self.game
        parts: dict[str, Any] = {"G": game.generator, "D": game.discriminator, "opt_g": game.opt_g, "opt_d": game.opt_d}
        if game.average:
            parts["average"] = game.average.network
        return {f"{name}/{key}": value for name, it in parts.items() for key, value in it.state_dict().items()}

    def check_ranks(self, step: int, arrays: Mapping[str, np.ndarray] | None = None) -> None:
        """Raise ConfigError on all ranks if they do not train the same networks on the same data; all must come here.

        `arrays` are those of `state` after `step` steps, if they are at hand.
        """
        if self.ranks.size > 1:
            self.ranks.check_same(
                options=vars(self.config),
                versions=f"tinygan {tinygan.__version__}, NumPy {np.__version__}",
                backend=current_backend().name,
                data=self.dataset.fingerprint,
                networks=self.networks.sha256,
                step=step,
                weights=checksums(self._arrays() if arrays is None else arrays),
            )

    def load_state(
        self, arrays: Mapping[str, np.ndarray], meta: Mapping[str, Any], where: str, data_changed: bool = False
    ) -> bool:
        """Take over what `state` returned; `where` names the file in errors.

        With `data_changed`, data with another content begin a new epoch.

        Returns
        -------
        bool
            Whether the data have another content.

        Raises
        ------
        CheckpointError
            If it belongs to other networks or optimisers, or to another number of ranks.
        DataError
            If it belongs to other data, and they are not said to be changed.
        """
        game = self.game
        places = meta["ranks"] if isinstance(meta.get("ranks"), list) else [meta]
        if len(places) != self.ranks.size:
            was = f"{where} is of a run on {len(places)} rank{'s' * (len(places) > 1)}, not on {self.ranks.size}"
            raise CheckpointError(f"{was}: go on with {program(len(places))} --resume")
        try:
            own = places[self.ranks.rank]
            here, place = self.batches.state()["fingerprint"], own["data"]
            changed = isinstance(place, dict) and place.get("fingerprint", here) != here
            if changed and data_changed and self.config.labelled:
                self._check_classes(meta)
            parts: dict[str, Any] = dict(G=game.generator, D=game.discriminator, opt_g=game.opt_g, opt_d=game.opt_d)
            if game.average:
                parts["average"] = game.average.network
            with np.errstate(over="ignore"):  # a weight that is too large will be found, with its layer's name
                for name, it in parts.items():
                    it.load_state_dict(part(arrays, name))
            self.batches.load_state(place, changed=data_changed)
            set_rng_state(game.rng, own["noise_rng"])
            set_rng_state(self.drop_rng, own["drop_rng"])
        except DamagedPlace as error:
            raise CheckpointError(f"{where} was changed: {error}") from None
        except data.DataError:  # of the data, which says all itself
            raise
        except (LookupError, TypeError, ValueError, OverflowError) as error:
            raise CheckpointError(f"{where} is a checkpoint of another model: {error}") from None
        return changed

    def _check_classes(self, meta: Mapping[str, Any]) -> None:
        """Raise DataError if a generator that is asked for classes would be asked for others than it learnt."""
        was, now = meta.get("class_names"), self.about(0).class_names
        if meta.get("classes") != classes_of(self.dataset) or (was and now and tuple(was) != now):
            there, here = (listed(names) if names else "others" for names in (was, now))
            mend = "with --conditioning the classes must stay what they are: start a new run"
            raise data.DataError(f"the run learnt the classes {there}, and the data have {here}: {mend}")


def samples_judged(config: Config, dataset: Stored | data.Mixture | data.Points) -> int:
    """How many samples each measurement on the way takes."""
    if config.eval_samples:
        return config.eval_samples
    if isinstance(dataset, data.Pairs):
        return evaluation.pairs.N
    if isinstance(dataset, data.Images):
        return min(EVAL_SAMPLES, evaluation.most(config.judged_as, dataset))
    return EVAL_SAMPLES


def classes_of(dataset: Stored | data.Mixture | data.Points) -> int | None:
    """How many labels the data have; None without labels."""
    if dataset.labels is None:
        return None
    return len(dataset.class_names) if dataset.class_names else int(dataset.labels.max()) + 1


def checksums(arrays: Mapping[str, np.ndarray]) -> dict[str, str]:
    """A fingerprint of each array."""
    return {name: hashlib.sha256(array.tobytes()).hexdigest() for name, array in arrays.items()}
