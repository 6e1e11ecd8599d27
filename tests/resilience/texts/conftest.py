"""One node for all tests of this folder: to start it takes as long as most of them."""

from collections.abc import Iterator

import pytest

from tests.resilience.texts.stand import Stand, stand


@pytest.fixture(scope="package")
def texts_stand() -> Iterator[Stand]:
    with stand() as made:
        yield made
