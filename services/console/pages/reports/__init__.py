"""Reports and registers: figures that open their rows, charts, workbooks, and reports on their way to being filed."""
