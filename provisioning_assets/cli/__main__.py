"""`python -m provisioning_assets.cli`."""

from provisioning_assets.cli.commands import main

main()
