"""What a build would make and what it would cost, without making it."""
