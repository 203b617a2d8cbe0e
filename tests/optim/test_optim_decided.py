"""What this part has decided: a number or a default that changes changes what its users get, and is noted here."""

from decided import defaults

DEFAULTS = {
    "Adam(eps)": 1e-08,
    "Adam(lr)": 0.0002,
    "RMSProp(eps)": 1e-08,
    "RMSProp(lr)": 5e-05,
    "RMSProp(rho)": 0.99,
    "SGD(momentum)": 0.0,
}


def test_the_defaults():
    assert defaults("tinygan.optim") == DEFAULTS
