"""Right layers pass the gradient check, wrong ones are caught and named."""
