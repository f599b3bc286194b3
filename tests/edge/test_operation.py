"""A real agent process as its supervisor sees it: health, a changed plant file, a sudden end."""

import asyncio
import json
import os
import signal
from pathlib import Path
from typing import Any

from tests.edge.agent_process import pilotline, process, write_plant
from tests.edge.broker import Broker, mosquitto
from tests.edge.opcua_machine import free_port
from tests.edge.running import until
from tests.edge.test_metrics import ask, figures
from tests.edge.test_reload import plant_file


def test_an_agent_answers_supervisors_takes_a_hangup_and_is_declared_dead_by_the_broker(
    tmp_path: Path,
) -> None:
    data, log = tmp_path / "data", tmp_path / "log"
    plant = write_plant(tmp_path, "opc.tcp://127.0.0.1:1/absent")
    port = free_port()

    async def agent_at(broker: Broker, *, online: bool) -> None:
        while True:
            for topic, text in (await broker.topics()).items():
                told: dict[str, Any] = json.loads(text)
                if topic.startswith("pilotline/v1/_agent/") and told["online"] is online:
                    return

    async def work(broker: Broker) -> None:
        arguments = ("--live", broker.url, "--metrics-port", str(port), "--data", str(data))
        with process(pilotline("edge", "run", str(plant), *arguments), log) as running:
            await until((data / "status.json").exists)
            async with asyncio.timeout(40):
                await agent_at(broker, online=True)
            assert await asyncio.to_thread(ask, port, "/ready") == (200, '{"ok": true}\n')
            plant.write_text("name = 3\n", encoding="utf-8")
            os.kill(running.pid, signal.SIGHUP)
            await until(lambda: plant_file(data)["refused"] == 1)
            _, text = await asyncio.to_thread(ask, port, "/metrics")
            assert figures(text)["pilotline_edge_plant_refused", None] == 1
            assert figures(text)["pilotline_edge_machine_connected", "mill-1"] == 0
            assert running.poll() is None
            running.kill()
            running.wait()
            async with asyncio.timeout(40):
                await agent_at(broker, online=False)
        assert "plant.toml:1" in log.read_text("utf-8")

    with mosquitto(tmp_path) as broker:
        asyncio.run(work(broker))
