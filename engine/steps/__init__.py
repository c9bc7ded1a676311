"""Questions put to every picture that more than one analysis needs."""
