"""The program that drew the Postcards gallery, and the pictures from which the bundled models learned.

Read in this order: scene (what a picture is of), canvas and light (how anything is drawn), sky, places, elements and
subjects (what is drawn), painter (where it goes), grammar (how it is said), copies and postcards (the gallery).
"""
