"""How many threads linear algebra may use."""

from __future__ import annotations

from contextlib import AbstractContextManager
from functools import cache
from typing import Any

from threadpoolctl import ThreadpoolController


def one_blas_thread() -> AbstractContextManager[Any]:
    """Within it, matrix products use one thread.

    The products of a turn are so small that a second thread takes as long, and costs twice the processor time, of which
    a machine with several conversations has none to spare.
    """
    limit: AbstractContextManager[Any] = _controller().limit(limits=1, user_api="blas")
    return limit


@cache
def _controller() -> ThreadpoolController:
    """Looks the libraries up once; numpy's is loaded by the time that anything is computed."""
    import numpy  # noqa: F401 - its library must be there to be found

    return ThreadpoolController()
