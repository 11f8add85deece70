import { type RunningHub, waitFor } from './hub.ts';

interface Topic {
  readonly topic: string;
  readonly payload: string;
}

/** The JSON retained on a topic, once `test` holds of it. */
export function topic<T>(hub: RunningHub, name: string, test: (payload: T) => boolean): Promise<T> {
  return waitFor(name, async () => {
    const { body } = await hub.api<Topic[]>('GET', `/api/v1/topics?filter=${encodeURIComponent(name)}`);
    const payload = body[0] && (JSON.parse(body[0].payload) as T);
    return payload !== undefined && test(payload) ? payload : undefined;
  });
}

/** Until a console is in this state. */
export const stateOf = (hub: RunningHub, console: string, wanted: string): Promise<{ state: string }> =>
  topic<{ state: string }>(hub, `modem-console/${console}`, ({ state }) => state === wanted);

/** All that a console said, once the plugin is up to serve it. */
export const recorded = (hub: RunningHub, console: string): Promise<string> =>
  waitFor(`the recording of ${console}`, async () => {
    const { status, body } = await hub.api<string>('GET', `/plugins/modem-console/record/${console}.raw`);
    return status === 200 && body;
  });
