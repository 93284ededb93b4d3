"""`python -m monitor` is the command `wirewatch`."""

from monitor.cli import main

main()
