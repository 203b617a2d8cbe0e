"""The one error this package raises for what a user can get wrong."""


class DataError(ValueError):
    """Data that is missing, damaged or asked for in a way that cannot work.

    Its message is one sentence that names the file or option and says how to mend it; the
    command lines print it and exit with status 2.
    """
