"""CMPP, the protocol of China Mobile's gateways, as the side that sends and receives."""
