from common.runtime import run
from webhook_ingest.main import build
from webhook_ingest.settings import Settings

run("webhook_ingest", Settings, build)
