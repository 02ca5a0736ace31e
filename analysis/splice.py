"""A document with a part that is made by a command, between two lines that say so."""

END = "<!-- end of what is made -->\n"


def spliced(text: str, begin: str, made: str) -> str:
    """The document with that part anew; all around it stays as it is."""
    before, _, rest = text.partition(begin)
    _, _, after = rest.partition(END)
    return f"{before}{begin}\n{made}\n{END}{after}"
