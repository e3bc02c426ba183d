"""``python -m commands``: what the supervisor starts, whatever is on the PATH."""

from commands.main import main

if __name__ == "__main__":
    main()
