"""What is done for call-backs by itself: drawing when a period is over, and closing what nobody answered."""

from datetime import timedelta

from kit.app import Job
from notify.callbacks import usecases

JOBS = (
    Job("notify.callbacks-ask", timedelta(minutes=10), usecases.ask),
    Job("notify.callbacks-close", timedelta(minutes=10), usecases.close),
)
