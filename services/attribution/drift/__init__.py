"""Whether what is stored is what the facts give: folded anew beside the live rows, compared, and put right."""
