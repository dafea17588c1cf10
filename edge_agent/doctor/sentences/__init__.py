"""All that the doctor can say, a module for each subject."""
