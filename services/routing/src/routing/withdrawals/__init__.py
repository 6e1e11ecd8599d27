"""Withdrawals (撤回信访) that were taken down at a node which does not write the case."""
