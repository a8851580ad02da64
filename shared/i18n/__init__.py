"""The two languages of the product: messages from the catalogue, and dates and spans as each language writes them."""

from shared.i18n.text import Text, all_of, any_of, bilingual, listed, translated, translated_in

__all__ = ["Text", "all_of", "any_of", "bilingual", "listed", "translated", "translated_in"]
