"""Flag documents of flagd, the daemon of OpenFeature."""
