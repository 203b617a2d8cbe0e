# %% [markdown]
# # 11 The training loop in the open
#
# After this page you can set up a run from Python, read everything it leaves behind, stop it and resume it exactly, and
# say in numbers how good its samples are. It takes one or two minutes, and writes into a folder `out` where you are.
#
# <details><summary>The picture of this page (it gives an answer away)</summary>
#
# ![Left: the loss of D is near 0 for 150 steps while that of G is large, then both stay level near 1. Middle: what D
# says of real and fake samples, first 1 and 0, later both near one half. Right: the same nine samples at step 500, grey
# and noisy, and at step 1500, readable digits.](images/11_training_loop.png)
#
# </details>

# %%
import json
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np

import tinygan as tg
from tinygan import evaluate, train
from tinygan.plot import save_gif
from tinygan.plot.style import BLUE, GREY, ORANGE
from tinygan.training import checkpoint
from tinygan.training.build import build
from tinygan.training.presets import configure
from tinygan.training.run_folder import RunFolder

OUT = Path("out") / "11_training_loop"

# %% [markdown]
# ## A run is described by its options
#
# A preset fills in options that go well together, you change what you like, and the result is checked before anything
# starts.

# %%
config = configure({"preset": "ring", "steps": 200, "log_interval": 50})
print(f"{config.preset}: {config.steps} steps, batch {config.batch_size}, lr {config.lr}, penalty {config.penalty}")
try:
    configure({"preset": "ring", "loss": "nss"})
except ValueError as error:
    print("checked:", error)

# %% [markdown]
# ## The bare loop
#
# `build` makes everything a run needs: data, networks, optimisers and the game, each with its own random numbers. Then
# this is the training loop:

# %%
setup = build(config)
for step in range(1, 101):
    setup.set_learning_rates(step)
    stats = setup.game.step(setup.next_reals, measure=step % 25 == 0)
    if stats:
        print(f"step {step:3d}", {name: round(float(tg.to_numpy(stats[name])), 3) for name in ("loss_d", "loss_g")})

# %% [markdown]
# The library's own loop, `tinygan/training/loop.py`, asks a few more questions at each step: log now? draw? measure?
# save? Do read it; it's one page.
#
# ## A real run
#
# The command line is a function, too. The next cell does what `python -m tinygan.train --preset mlp ...` does, and
# makes a numbered folder.


# %%
def run_of(*words):
    """Train with these words of the command line; return the run's folder."""
    train.main([*words, "--outdir", str(OUT)])
    return RunFolder.existing(max(OUT.glob("[0-9]*")))


steps, often = 1500, 100
options = f"--preset mlp --steps {steps} --sample-interval {often} --checkpoint-interval {often} --log-interval 10"
run = run_of(*options.split(), "--samples", "25")
for file in sorted(run.path.iterdir()):
    print(f"{file.stat().st_size:10,} bytes  {file.name}")

# %% [markdown]
#
# Everything is in one folder. `README.txt` says what to look at first, and with `config.json` you can repeat the run.
#
# ## Reading the numbers
#
# `stats.jsonl` has one line of JSON for each logged step. Any program can read it.

# %%
lines = (run.path / "stats.jsonl").read_text(encoding="utf-8").splitlines()
rows = [json.loads(line) for line in lines]
print(len(rows), "lines; the last one:")
for name, value in rows[-1].items():
    print(f"  {name:18} {value:.4g}")
curves = {name: np.array([row[name] for row in rows]) for name in rows[0]}

# %% [markdown]
# **Predict, then run.** `d_fake_before` is what $D$ says of the fakes before its own step, `d_fake_after` what it says
# of the same fakes after that step. Which of the two is smaller, and how often? And who is ahead early on, who at the
# end?

# %% tags=["hide-output"]
smaller = (curves["d_fake_after"] < curves["d_fake_before"]).mean()
print(f"after its step D finds the fakes less real in {smaller:.0%} of the lines")

# %% tags=["picture", "hide-output"]
figure, axes = plt.subplots(1, 4, figsize=(12, 3.4), layout="constrained", width_ratios=(1.2, 1.2, 1, 1))
axes[0].plot(curves["step"], curves["loss_d"], color=BLUE, lw=1, label="D")
axes[0].plot(curves["step"], curves["loss_g"], color=ORANGE, lw=1, label="G")
axes[0].axhline(2 * np.log(2), color=GREY, ls=":", lw=1.5, label="2 ln 2")
axes[0].set(title="losses", xlabel="step", ylim=(0, 3))
axes[1].plot(curves["step"], curves["d_real"], color=BLUE, lw=1, label="D(x), real")
axes[1].plot(curves["step"], curves["d_fake_before"], color=ORANGE, lw=1, label="D(G(z)), fake")
axes[1].set(title="what D says", xlabel="step", ylim=(0, 1))
for ax in axes[:2]:
    ax.legend(fontsize=8, loc="upper right")
early, late = run.pictures()[len(run.pictures()) // 3], run.pictures()[-1]
for ax, picture in zip(axes[2:], (early, late), strict=True):
    ax.imshow(plt.imread(picture)[:178, :178], cmap="gray", interpolation="nearest")  # 3 x 3 of them
    ax.set(title=f"step {int(picture.stem[-6:])}", xticks=[], yticks=[])
plt.show()

# %% [markdown]
# At first $D$ wins completely. Then $G$ recovers, and both $D(x)$ and $D(G(z))$ stay near one half.
#
# ## Stop and resume: the same bits
#
# You can stop a run (Ctrl-C saves) and resume it later. The promise is strict: 200 steps give the same as 100 steps, a
# stop, and 100 more. Not similar: the same bits.
#
# **Predict, then run.** What must a checkpoint hold for that, besides the weights of $G$ and $D$? Write a list first.

# %% tags=["hide-output"]
words = "--preset ring --log-interval 50 --sample-interval 100 --checkpoint-interval 100 --samples 10".split()
middle, end = 100, 200
whole = run_of(*words, "--steps", str(end))
parts = run_of(*words, "--steps", str(middle))
halfway = checkpoint.load(parts.checkpoints()[-1])
train.main(["--resume", str(parts.path), "--steps", str(end)])

a, meta = checkpoint.load(whole.checkpoints()[-1])
b, _ = checkpoint.load(parts.checkpoints()[-1])
print(len(a), "arrays:", *sorted({name.split("/")[0] for name in a}), " and beside them:", *meta)
assert a.keys() == b.keys() and all(np.array_equal(a[name], b[name]) for name in a)
print("all equal, bit for bit")

# %% [markdown]
# Did you have them all? G, D, the moving average; the optimisers' moments and step counts; the place in the data; and
# the states of the random generators, so that the next noise is the same as without the stop. Is all of it needed?
#
# **Predict, then run.** We go on from step 100 again, but with fresh optimisers, as if only the weights had been saved.
# At step 200, how large is the largest difference in a weight of $G$: 0.0001, 0.01, or more?

# %% tags=["hide-output"]
half = build(configure(meta["config"]))
fresh = half.game.opt_g.state_dict(), half.game.opt_d.state_dict()
half.load_state(*halfway, "the checkpoint")
half.game.opt_g.load_state_dict(fresh[0])
half.game.opt_d.load_state_dict(fresh[1])
for step in range(middle + 1, end + 1):
    half.set_learning_rates(step)
    half.game.step(half.next_reals)
forgetful = half.state(end)[0]
furthest = max(np.abs(forgetful[name] - a[name]).max() for name in a if name.startswith("G/"))
print(f"without Adam's memory a weight of G differs by up to {furthest:.3f}")
assert furthest > 1e-3

# %% [markdown]
# The run goes on, and you'd never notice. But `==` does: that's why we promise "the same bits".
#
# ## Your own animation
#
# The run drew its samples now and then, always from the same noise. From these pictures you can make an animation:
# slower than `training.gif`, or only the beginning.

# %%
print(len(run.pictures()), "pictures:", *[picture.name for picture in run.pictures()[:3]], "...")
save_gif(OUT / "beginning.gif", run.pictures()[:8], milliseconds=400, max_side=300)
print(f"{(OUT / 'beginning.gif').stat().st_size:,} bytes in {OUT.name}/beginning.gif")

# %% [markdown]
# ## How good is it?
#
# `python -m tinygan.evaluate RUN` draws fresh samples and lets a digit classifier look at them. Beside the generator's
# row it prints others that tell you how to read the numbers: real images, and images that are bad in known ways.
#
# **Predict, then run.** The FCD (Frechet classifier distance) is measured from training images. Is ours nearer to real
# images or to blurred ones?

# %% tags=["hide-output"]
evaluate.main([str(run.path), "--n", "2000", "--json", str(OUT / "scores.json")])
scores = json.loads((OUT / "scores.json").read_text(encoding="utf-8"))["rows"]
print({name: round(row["fcd"], 2) for name, row in scores.items()})

# %% [markdown]
# **Exercise.** Resume the digits run to 3,000 steps (`train.main(["--resume", str(run.path), "--steps", "3000"])`) and
# evaluate it again. Which numbers have moved?
#
# <details><summary>Answer</summary>
#
# All have moved the right way. The FCD fell from 15.07 (nearer to blurred images than to real ones) to 5.20. The score
# (are the digits clear, and of all kinds?) rose from 3.8 to 6.4, and coverage (the share of real images that have a
# sample near them) from 0.02 to 0.29. The other rows are the same as before: they don't depend on the run.
#
# </details>
#
# **Exercise** (graded). Write the two training steps yourself: `python -m tinygan.check ex12`.
#
# <details><summary>Answer</summary>
#
# Each step has four stages: draw samples, compute their logits, find the gradient with respect to the logits (ex11),
# and from it the gradient with respect to the weights (ex05). Move only the weights of the player whose turn it is.
# `--hint`, `--hint 2` and `--hint 3` lead you there.
#
# </details>
#
# ## Recap
#
# - A run is its options; its folder holds everything: numbers, pictures, checkpoints.
# - A complete checkpoint continues bit for bit: moments and random states belong to it.
# - Measure samples beside known good and bad ones.
#
# Next: tutorial 12 shows you six sick runs, and you're the doctor.
