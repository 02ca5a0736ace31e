"""Does a server do its job right? Only then is it worth measuring."""
