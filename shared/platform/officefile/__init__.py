"""Files that an office writes by hand: strict YAML as typed values, each mistake with file, line, key and reason."""
