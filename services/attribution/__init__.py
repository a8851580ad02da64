"""Attribution: folds what intake journalled into who owns which customer, and why."""
