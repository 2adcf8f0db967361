#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""A web server with ranges: web.py SOCKET FOLDER, on a socket of this host."""

import http.server
import os
import re
import socketserver
import sys


class Server(socketserver.ThreadingMixIn, socketserver.UnixStreamServer):
    """The clients of such a socket have no address."""

    daemon_threads = True

    def get_request(self):
        request, _ = self.socket.accept()
        return request, ('client', 0)


class Handler(http.server.BaseHTTPRequestHandler):
    """Files of the folder, as a whole or one range of each."""

    protocol_version = 'HTTP/1.1'

    def log_message(self, *_):
        """Says nothing."""

    def answer(self, send):
        """The header of the answer, and the bytes if they are to be sent."""
        path = os.path.join(sys.argv[2], os.path.basename(self.path))
        if not os.path.exists(path):
            self.send_error(404)
            return
        size = os.stat(path).st_size
        span = re.fullmatch(r'bytes=(\d+)-(\d*)',
                            self.headers.get('Range', ''))
        first, last = 0, size - 1
        if span:
            first = int(span[1])
            last = min(int(span[2] or last), last)
        self.send_response(206 if span else 200)
        self.send_header('Accept-Ranges', 'bytes')
        self.send_header('Content-Length', str(last + 1 - first))
        if span:
            self.send_header('Content-Range', f'bytes {first}-{last}/{size}')
        self.end_headers()
        if send:
            with open(path, 'rb') as file:
                file.seek(first)
                self.wfile.write(file.read(last + 1 - first))

    def do_HEAD(self):
        """Only the header."""
        self.answer(False)

    def do_GET(self):
        """All of it."""
        self.answer(True)


Server(sys.argv[1], Handler).serve_forever()
