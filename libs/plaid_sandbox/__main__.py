"""`python -m plaid_sandbox`: serve the stand-in until it is told to stop."""

import logging

import uvicorn

from plaid_sandbox.main import create_app
from plaid_sandbox.settings import Settings

settings = Settings()
logging.basicConfig(level=logging.INFO, format="%(levelname)s %(name)s %(message)s")
uvicorn.run(create_app(settings), host=settings.host, port=settings.port, access_log=False)
