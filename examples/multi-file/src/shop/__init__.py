"""A shop: a package, because of this file."""
