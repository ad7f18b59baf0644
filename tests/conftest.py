"""How every test of this repository runs."""

from hypothesis import HealthCheck, settings

# How long an example takes tells of the machine's load, not of the code: pytest-timeout bounds the whole test.
settings.register_profile("steady", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("steady")
