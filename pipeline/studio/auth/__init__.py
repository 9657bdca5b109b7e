"""Who may call: the key pair that signs tokens, the tokens, and the desk where keys are kept."""
