"""A journal that was begun in clear is put under seal, once."""
