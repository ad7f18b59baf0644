"""octoDNS: each DNS vendor that it has a provider for, by one bridge."""
