from categorizer.main import build
from categorizer.settings import Settings
from common.runtime import run

run("categorizer", Settings, build, gives_way=True)
