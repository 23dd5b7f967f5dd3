"""Run the command line as ``python -m mentorkit``."""

from mentorkit.cli import main

if __name__ == "__main__":
    main()
