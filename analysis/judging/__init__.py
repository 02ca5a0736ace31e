"""From recorded windows to cells: figures, what limited them, and whether they can be relied on."""
