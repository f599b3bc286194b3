/// <reference lib="webworker" />
/** The shared worker: every tab of one browser shows the same single stream. */
import { StreamHub } from './hub';
import type { FromTab, ToTab } from './protocol';

const hub = new StreamHub();

(self as unknown as SharedWorkerGlobalScope).onconnect = (event) => {
  const port = event.ports[0];
  if (!port) return;
  const send = (message: ToTab) => port.postMessage(message);
  hub.add(send);
  port.onmessage = ({ data }: MessageEvent<FromTab>) => hub.receive(data, send);
};
