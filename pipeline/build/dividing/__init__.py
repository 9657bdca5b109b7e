"""The fifth shelf: the sample, the split and its proof."""
