import pytest
from given.console import Console
from given.reviews import Reviewed


@pytest.fixture
def console(reviewed: Reviewed) -> Console:
    return Console(reviewed)
