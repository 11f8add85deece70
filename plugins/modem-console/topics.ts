import type { Hub, JsonObject } from 'cupboard/sdk';
import type { Config } from './config.ts';
import type { Console } from './console.ts';
import type { BootEvent } from './decode/boot.ts';
import { RateLimit } from './rate-limit.ts';
import type { RecordedBoot, TimedLine } from './recorder/index-store.ts';

/** A modem in a boot loop, or noise on an open wire, must not flood the broker. */
const EVENTS_PER_MINUTE = 30;

/** What one console shows on topics. */
export interface ConsoleTopics {
  event(event: BootEvent, at: { readonly time: number; readonly boot?: number }): void;
  line(line: TimedLine): void;
  /** Brings the topics to what holds now. */
  report(
    console: Console,
    recorded: { phase: string | undefined; boot: RecordedBoot | undefined; bootsToday: number },
  ): void;
}

export function consoleTopics(hub: Hub<Config>, id: string): ConsoleTopics {
  const { name = id, simulator } = hub.config.consoles[id] ?? {};
  const mark = simulator === undefined ? {} : { simulated: true };
  const device = hub.device(id, {
    name,
    sensors: {
      state: { name: 'State' },
      phase: { name: 'Phase' },
      boots_today: { name: 'Boots today', state_class: 'total_increasing' },
      last_boot: { name: 'Last boot', device_class: 'timestamp' },
      reason: { name: 'Reason' },
      advice: { name: 'Advice' },
    },
    ...mark,
  });
  const events = new RateLimit(EVENTS_PER_MINUTE);
  const lines = new RateLimit(hub.config.lines_per_minute);
  let reported = '';
  let published = '';

  const send = (name: string, skipped: number | undefined, data: JsonObject) => {
    if (skipped === undefined) return;
    settle(hub, hub.event(name, { console: id, ...data, ...(skipped > 0 && { skipped }), ...mark }));
  };
  return {
    event: (event, { boot }) =>
      send(event.name, events.admit(event.name), { ...(boot !== undefined && { boot }), text: event.text }),
    line: ({ text }) => {
      if (text !== '') send('line', lines.admit('line'), { text });
    },
    report({ port }, { phase, boot, bootsToday }) {
      const fields = {
        state: port.state,
        phase: phase ?? 'unknown',
        boots_today: bootsToday,
        ...(boot && { last_boot: new Date(boot.time).toISOString() }),
        reason: port.state === 'open' ? '' : port.reason,
        advice: port.state === 'open' ? '' : port.advice,
      };
      const text = JSON.stringify(fields);
      if (text !== reported) settle(hub, device.report(fields));
      reported = text;
      const payload = boot && { id: boot.id, time: boot.time, finished: boot.finished, ...boot.boot, ...mark };
      const bootText = JSON.stringify(payload);
      if (payload && bootText !== published)
        settle(hub, hub.publish(`${hub.id}/${id}/boot`, payload, { retain: true }));
      published = bootText ?? '';
    },
  };
}

/** Clears what consoles that are no longer configured have left on topics. */
export function clearTopics(hub: Hub<Config>, ids: readonly string[]): void {
  for (const id of ids) {
    settle(hub, hub.device(id, { name: id, sensors: {} }).clear());
    settle(hub, hub.publish(`${hub.id}/${id}/boot`, null, { retain: true }));
  }
}

function settle(hub: Hub<Config>, sent: Promise<void>): void {
  sent.catch((error: unknown) => {
    if (!hub.signal.aborted) hub.log.error(`a message was not sent: ${error}`);
  });
}
