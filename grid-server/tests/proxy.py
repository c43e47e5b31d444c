"""What lies between a server and its database, and can break."""

import asyncio
import threading
import time


class Proxy:
    """A TCP proxy on a port of its own, in a thread, whose manner can be changed while it runs.

    `pass` does nothing; `refuse` ends each connection; `swallow` takes them and says nothing more; `slow` keeps every packet
    for longer than anybody waits.
    """

    def __init__(self, host: str, port: int):
        self.target, self.manner, self.streams = (host, port), "pass", set()
        self.loop = asyncio.new_event_loop()
        ready = threading.Event()

        def serve() -> None:
            asyncio.set_event_loop(self.loop)
            self.server = self.loop.run_until_complete(asyncio.start_server(self.connected, "127.0.0.1", 0))
            self.port = self.server.sockets[0].getsockname()[1]
            ready.set()
            self.loop.run_forever()

        threading.Thread(target=serve, daemon=True).start()
        ready.wait()

    async def connected(self, reader, writer) -> None:
        self.streams.add(writer)
        try:
            if self.manner == "refuse":
                return
            while self.manner == "swallow":
                await asyncio.sleep(0.05)
            there_reader, there_writer = await asyncio.open_connection(*self.target)
            self.streams.add(there_writer)
            await asyncio.gather(self.copy(reader, there_writer), self.copy(there_reader, writer))
            self.streams.discard(there_writer)
        except OSError:
            pass
        finally:
            self.streams.discard(writer)
            writer.close()

    async def copy(self, reader, writer) -> None:
        try:
            while chunk := await reader.read(65536):
                if self.manner == "slow":
                    await asyncio.sleep(10)
                while self.manner == "swallow":
                    await asyncio.sleep(0.05)
                writer.write(chunk)
                await writer.drain()
        finally:
            writer.close()

    def set(self, manner: str) -> None:
        def change() -> None:
            self.manner = manner
            if manner in ("refuse", "pass"):
                # Those that were swallowed or delayed are cut when the line comes back, as those of a dead peer are.
                for stream in list(self.streams):
                    stream.transport.abort()

        self.loop.call_soon_threadsafe(change)
        time.sleep(0.1)
