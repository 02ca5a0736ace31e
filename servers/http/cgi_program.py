#!/usr/bin/env python3
"""The service http as a CGI program."""

import os
import sys

from servers.services.http import CONTENT_TYPE, content

body = content(os.environ["PATH_INFO"])
if body is None:  # the server has said 200 by now, whatever a program says
    sys.stdout.write("Content-Type: text/plain\r\nContent-Length: 0\r\n\r\n")
else:
    sys.stdout.write(f"Content-Type: {CONTENT_TYPE}\r\nContent-Length: {len(body)}\r\n\r\n")
    sys.stdout.flush()
    if os.environ["REQUEST_METHOD"] != "HEAD":
        sys.stdout.buffer.write(body)
