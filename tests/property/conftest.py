"""How long the property tests look: briefly, or with `HYPOTHESIS_PROFILE=deep`.

The brief ones try the same examples each time, so that a failure is about the change.
"""

import os

from hypothesis import HealthCheck, settings

UNHURRIED = [HealthCheck.too_slow, HealthCheck.filter_too_much]

settings.register_profile(
    "ci",
    max_examples=60,
    stateful_step_count=40,
    derandomize=True,
    deadline=None,
    database=None,
    suppress_health_check=UNHURRIED,
)
settings.register_profile(
    "deep",
    max_examples=5000,
    stateful_step_count=120,
    deadline=None,
    suppress_health_check=UNHURRIED,
)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "ci"))
