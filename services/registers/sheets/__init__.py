"""Reports and registers as workbooks (XLSX) in the forms that offices know: rows in, bytes out."""
