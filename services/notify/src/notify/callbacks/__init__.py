"""Spot-check call-backs (抽查回访): some of those whose cases were closed are asked how it was."""
