"""What varies in a record's input: templates of a group of runs, learned and taken out."""
