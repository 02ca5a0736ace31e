"""Code that looks blocking: a call that would wait hands over to another client's."""
