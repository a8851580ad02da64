"""What stands in a PDF."""

from __future__ import annotations

import pypdfium2


def text_of_pdf(pdf: bytes) -> str:
    """Its words on one line, without blanks."""
    document = pypdfium2.PdfDocument(pdf)
    try:
        pages = [document[number].get_textpage().get_text_range() for number in range(len(document))]
    finally:
        document.close()
    return "".join("".join(pages).split())
