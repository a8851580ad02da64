"""What every page has: a language, a frame, errors in words, files that a browser keeps."""
