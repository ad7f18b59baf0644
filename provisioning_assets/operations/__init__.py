"""Operations: what changes on a schedule or by hand."""
