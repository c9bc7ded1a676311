"""The commands of the analyses, one file each: HELP, `add` to say what can be typed, and `ask` to carry it out."""
