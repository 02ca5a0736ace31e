"""Servers, the load generator and the watchdog over them: started, heard, stopped, nothing left."""
