import { type RunningHub, waitFor } from './hub.ts';

/** Until the plugin modem-console listens on this port. */
export const listening = (hub: RunningHub, console: string): Promise<true> =>
  waitFor(`the open port of ${console}`, async () => {
    const { body } = await hub.api<{ payload: string }[]>(
      'GET',
      `/api/v1/topics?filter=modem-console/${console}/state`,
    );
    return body[0]?.payload === 'open';
  });

/** All that a console said, once the plugin is up to serve it. */
export const recorded = (hub: RunningHub, console: string): Promise<string> =>
  waitFor(`the recording of ${console}`, async () => {
    const { status, body } = await hub.api<string>('GET', `/plugins/modem-console/record/${console}.raw`);
    return status === 200 && body;
  });
