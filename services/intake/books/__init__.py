"""From an uploaded file to a grid of cells: XLSX, XLS and CSV, refused in words where they are something else."""
