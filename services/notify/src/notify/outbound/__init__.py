"""Short messages that go out: made once, claimed, handed to a gateway, followed until they arrived."""
