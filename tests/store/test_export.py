"""What leaves for other programs."""

import csv
import io

from engine.store.export import csv_text


def test_any_text_stays_in_its_row():
    rows = [{"file": "a\rb.png", "text": 'one\r\ntwo, "three"\n'}, {"file": "c.png", "text": "\r"}]
    text = csv_text(rows)
    assert list(csv.DictReader(io.StringIO(text, newline=""))) == rows
    assert text.startswith("file,text\n")
    assert text.endswith('\nc.png,"\r"\n')
