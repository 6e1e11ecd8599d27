"""Ways out to a telephone and in from it: gateways of carriers and vendors, behind one small protocol."""
