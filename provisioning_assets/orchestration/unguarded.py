"""What Dagster's own web servers lack, said when one of them loads our definitions."""

import logging
import os
import sys

GUARDED = "PROVISIONING_UI"
"""Set for whatever `provisioning ui` starts."""

logger = logging.getLogger("provisioning")


def warn_if_unguarded() -> None:
    """One line from a code server that `provisioning ui` did not start; a run or a check of the code says nothing."""
    if GUARDED not in os.environ and "grpc" in sys.argv:
        logger.warning(
            "this is not `provisioning ui`: any web page that a person opens can drive a Dagster web server without it"
        )
