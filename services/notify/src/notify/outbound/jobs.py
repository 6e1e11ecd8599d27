"""What the outbound side does by itself from time to time."""

from notify.outbound.figures import FIGURES
from notify.outbound.records import END_LATE, FORGET_MESSAGES

JOBS = (FIGURES, END_LATE, FORGET_MESSAGES)
