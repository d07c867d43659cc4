"""Run the command line as `python -m regulars.cli`, whatever is on the path."""

from regulars.cli import main

main(prog_name="regulars")
