"""Workers on other hosts: who may join, what they say of themselves, what time their clocks tell."""
