import logging

from common.logging import configure
from ops.main import app

configure("console", "ERROR")  # a command says itself what matters
logging.disable(logging.WARNING)  # libraries' too
app(prog_name="ops")
