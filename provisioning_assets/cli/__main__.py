"""`python -m provisioning_assets.cli`."""

from provisioning_assets.cli import main

main()
