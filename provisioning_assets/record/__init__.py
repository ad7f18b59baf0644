"""What lasts: the ledger, the lock, signatures."""
