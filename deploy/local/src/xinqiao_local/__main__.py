"""`python -m xinqiao_local`."""

from xinqiao_local.cli import main

main()
