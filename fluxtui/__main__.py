"""`python -m fluxtui`."""

from fluxtui.cli.main import main

if __name__ == "__main__":
    main()
