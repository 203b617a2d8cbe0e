"""Record a step once, play it back: what a compiler of tensor programs does, in little.

A training step calls the same ops on arrays of the same shapes, again and again; only the numbers differ. And as
`backward` is made of ops, the whole step - forward, backward, a gradient's gradient, the optimisers - is a flat list of
calls on arrays. `compiled` writes this list down while the step is taken as always, and from then on plays it back.

Reading order: `recorder` (what is written down), `program` (how it is run), `guards` (how to see that it still holds).
"""

from tinygan.compiled.compiled import Compiled, compiled

__all__ = ["Compiled", "compiled"]
