"""A library speaks HTTP: it reads requests and calls a handler or an application for the reply."""
