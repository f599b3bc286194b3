"""A real Mosquitto for tests."""

import asyncio
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import aiomqtt

from tests.edge.opcua_machine import free_port
from tests.real_parts import need

PASSWORDS = shutil.which("mosquitto_passwd")
PROGRAM = shutil.which("mosquitto", path="/usr/local/sbin:/usr/sbin:/usr/local/bin:/usr/bin:/bin")


@dataclass
class Broker:
    """Mosquitto on a port that stays over restarts; nothing is kept on disk."""

    folder: Path
    extra: str = ""
    port: int = field(default_factory=free_port)
    _process: "subprocess.Popen[bytes] | None" = None

    @property
    def url(self) -> str:
        return f"mqtt://127.0.0.1:{self.port}"

    def start(self) -> None:
        assert PROGRAM is not None
        file = self.folder / "mosquitto.conf"
        access = self.extra or "allow_anonymous true"
        # As root it would otherwise turn into another user, who cannot read this folder.
        lines = ("user root", f"listener {self.port} 127.0.0.1", access, "")
        file.write_text("\n".join(lines), encoding="utf-8")
        self._process = subprocess.Popen(
            [PROGRAM, "-c", str(file)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )

    def stop(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    async def topics(self, for_s: float = 0.5) -> dict[str, str]:
        """Return the retained messages by topic, once the broker answers."""
        held: dict[str, str] = {}
        deadline = time.monotonic() + 20.0
        while True:
            try:
                async with aiomqtt.Client("127.0.0.1", self.port) as client:
                    await client.subscribe("#", qos=1)
                    try:
                        async with asyncio.timeout(for_s):
                            async for message in client.messages:
                                if text := _text(message.payload):
                                    held[str(message.topic)] = text
                                else:
                                    held.pop(str(message.topic), None)
                    except TimeoutError:
                        return held
            except aiomqtt.MqttError:
                if time.monotonic() > deadline:
                    raise
                await asyncio.sleep(0.1)


def _text(payload: object) -> str:
    assert isinstance(payload, bytes)
    return payload.decode()


@contextmanager
def mosquitto(folder: Path, extra: str = "") -> Iterator[Broker]:
    """Run a broker while the block runs; skip the test where there is none."""
    need(PROGRAM is not None, "mosquitto (apt-get install mosquitto)")
    broker = Broker(folder, extra)
    broker.start()
    try:
        yield broker
    finally:
        broker.stop()
