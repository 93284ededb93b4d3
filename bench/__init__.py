"""What the monitor costs, measured; `python -m bench -h`. Timings live here and are asserted nowhere."""
