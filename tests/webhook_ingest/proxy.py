"""A way to a PostgreSQL server, over TCP or its socket file, that can fail."""

import asyncio

from sqlalchemy.engine import make_url

from tests.servers.proxy import Proxy


class DatabaseProxy(Proxy):
    """Also stands for a server that was stopped: while `refusing`, nobody gets in."""

    def __init__(self, server_url: str) -> None:
        self._url = make_url(server_url)
        super().__init__(self._url.host or "", self._url.port or 5432)
        self.refusing = False

    @property
    def url(self) -> str:
        """The server's URL through the proxy."""
        return self._url.set(host="127.0.0.1", port=self.port, query={}).render_as_string(hide_password=False)

    def stop(self) -> None:
        """End every connection and refuse new ones."""
        self.refusing = True
        self.cut()

    def start(self) -> None:
        """Let everybody in again."""
        self.refusing = False

    async def _reach(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        if self.refusing:
            raise ConnectionRefusedError
        folder = self._url.query.get("host")
        if isinstance(folder, str) and folder.startswith("/"):
            return await asyncio.open_unix_connection(f"{folder}/.s.PGSQL.{self._url.port or 5432}")
        return await super()._reach()
