"""What lies between a server and its database, and can break."""

import asyncio
import random
import re
import threading
import time


class Talk:
    """What was said over one connection."""

    def __init__(self):
        self.asked, self.is_greeted, self.heard = b"", False, 0

    def listen(self, chunk: bytes) -> None:
        """A server lets somebody in: PostgreSQL is ready for a query, MySQL says OK after its first packet."""
        self.is_greeted |= chunk.endswith(b"Z\0\0\0\5I") or (self.heard > 0 and chunk[4:5] == b"\0")
        self.heard += 1

    def is_ping(self) -> bool:
        return self.asked in (b"\1\0\0\0\x0e", b"S\0\0\0\4")


class Proxy:
    """A TCP proxy on a port of its own, in a thread, whose manner can be changed while it runs.

    `pass` does nothing; `refuse` ends each connection; `swallow` takes them and says nothing more; `slow` keeps every packet
    for longer than anybody waits, and `late` for 200 to 900 ms. The others look at what is said, which must not be encrypted:
    `drowsy` lets nothing through that a server says after its greeting; `busy` lets through what it says to those who ask
    whether it is there; `mute` keeps back what it says to a `COMMIT`, but for the first `spared` of them.
    """

    def __init__(self, host: str, port: int):
        self.target, self.manner, self.streams = (host, port), "pass", set()
        self.random, self.spared = random.Random(1), 0
        # How many bytes the program has sent.
        self.sent = 0
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
            talk = Talk()
            await asyncio.gather(self.ask(reader, there_writer, talk), self.answer(there_reader, writer, talk))
            self.streams.discard(there_writer)
        except OSError:
            pass
        finally:
            self.streams.discard(writer)
            writer.close()

    async def ask(self, reader, writer, talk) -> None:
        """What the program says."""
        try:
            while chunk := await reader.read(65536):
                talk.asked = chunk
                self.sent += len(chunk)
                await self.hold_up()
                writer.write(chunk)
                await writer.drain()
        finally:
            writer.close()

    async def answer(self, reader, writer, talk) -> None:
        """What the database says."""
        try:
            while chunk := await reader.read(65536):
                await self.hold_up()
                while self.keeps_back(talk):
                    await asyncio.sleep(0.05)
                talk.listen(chunk)
                writer.write(chunk)
                await writer.drain()
        finally:
            writer.close()

    async def hold_up(self) -> None:
        if self.manner == "slow":
            await asyncio.sleep(10)
        if self.manner == "late":
            await asyncio.sleep(self.random.uniform(0.2, 0.9))
        while self.manner == "swallow":
            await asyncio.sleep(0.05)

    def keeps_back(self, talk) -> bool:
        if self.manner == "mute" and re.search(rb"COMMIT(?!TED)", talk.asked):
            self.spared -= 1
            if self.spared >= 0:
                talk.asked = b""
            return self.spared < 0
        return talk.is_greeted and (self.manner == "drowsy" or (self.manner == "busy" and not talk.is_ping()))

    def set(self, manner: str, spared: int = 0) -> None:
        def change() -> None:
            self.manner, self.spared = manner, spared
            if manner in ("refuse", "pass"):
                # Those that were swallowed or delayed are cut when the line comes back, as those of a dead peer are.
                for stream in list(self.streams):
                    stream.transport.abort()

        self.loop.call_soon_threadsafe(change)
        time.sleep(0.1)
