/** A tab's end of the stream: through the shared worker where there is one, else its own connection. */
import { StreamHub } from './hub';
import type { FromTab, ToTab } from './protocol';

export interface Channel {
  send(message: FromTab): void;
}

export function openChannel(receive: (message: ToTab) => void): Channel {
  if (typeof SharedWorker === 'undefined') return directChannel(receive);
  const worker = new SharedWorker(new URL('./worker.ts', import.meta.url), { type: 'module', name: 'pilotline-stream' });
  worker.port.onmessage = ({ data }: MessageEvent<ToTab>) => receive(data);
  return { send: (message) => worker.port.postMessage(message) };
}

function directChannel(receive: (message: ToTab) => void): Channel {
  const hub = new StreamHub();
  hub.add(receive);
  return { send: (message) => hub.receive(message, receive) };
}
