from common.runtime import run
from sync_worker.main import build
from sync_worker.settings import Settings

run("sync_worker", Settings, build, gives_way=True)
