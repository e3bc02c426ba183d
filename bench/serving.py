"""python -m bench.serving TARGET: a WSGI application under the product's server and settings."""

import sys

from commands.web import serve
from integration.core import environment

if __name__ == "__main__":
    serve(sys.argv[1], environment.load())
