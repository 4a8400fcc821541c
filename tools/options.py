"""What a tool does with words behind its name: explain itself, or refuse them."""

import argparse


def read(name: str, about: str | None, *places: str) -> list[str]:
    """The words given for ``places``, each of which may be left out.

    Ends the program for ``--help``, and for any word that has no place: a tool that
    does not know a word must not begin its work.
    """
    parser = argparse.ArgumentParser(
        prog=f"python -m tools.{name}",
        description=about,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    for place in places:
        parser.add_argument(place, nargs="?")
    given = vars(parser.parse_args())
    return [given[place] for place in places if given[place]]
