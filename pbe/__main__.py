"""`python -m pbe` is the `pbe` command."""

from pbe.cli.main import run

if __name__ == "__main__":
    run()
