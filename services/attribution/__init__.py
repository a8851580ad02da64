"""Attribution: folds what was recorded into ownership decisions, each with the clause that it rests on."""
