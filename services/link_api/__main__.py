from common.runtime import run
from link_api.main import build
from link_api.settings import Settings

run("link_api", Settings, build)
