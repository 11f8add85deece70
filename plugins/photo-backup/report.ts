import { setTimeout as sleep } from 'node:timers/promises';
import { errorText, type Hub, type JsonObject } from 'cupboard/sdk';
import type { Backup } from './backup.ts';
import type { Config } from './config.ts';
import { describe } from './state.ts';
import type { Uploader } from './uploader.ts';

/** While files go out the numbers change many times a second; nobody reads that fast. */
const PAUSE_MS = 2000;

/** Publishes the state of every target and the marks of every week, retained. */
export interface Reporter {
  /** Publishes in a moment. */
  soon(): void;
}

export function createReporter(hub: Hub<Config>, backup: Backup, uploaders: readonly Uploader[]): Reporter {
  const said = new Map<string, string>();
  let waiting = false;

  const say = async (topic: string, state: JsonObject) => {
    const text = JSON.stringify(state);
    if (said.get(topic) === text) return;
    await hub.publish(`${hub.id}/${topic}`, { time: Date.now(), ...state }, { retain: true });
    said.set(topic, text);
  };
  let isFirst = true;
  const publish = async () => {
    // Retained, so that a target taken out of the settings would stay on the page for ever.
    if (isFirst) for (const name of backup.former) await hub.publish(`${hub.id}/${name}`, null, { retain: true });
    isFirst = false;
    for (const uploader of uploaders) await say(uploader.name, { ...uploader.state() });
    for (const [name, incomplete] of backup.incomplete) await say(name, disabled(incomplete));
    const { simulated } = backup.catalogue.position();
    await say('weeks', { ...(simulated && { simulated }), weeks: weeks(backup) });
  };
  return {
    soon: () => {
      if (waiting || hub.signal.aborted) return;
      waiting = true;
      sleep(said.size === 0 ? 0 : PAUSE_MS, undefined, { signal: hub.signal })
        .then(() => {
          waiting = false;
          return publish();
        })
        .catch((error) => {
          if (!hub.signal.aborted) hub.log.error(`state not published: ${errorText(error)}`);
        });
    },
  };
}

const NOTHING = { safe: 0, bytes_safe: 0, pending: 0, bytes_pending: 0, failed: 0, changed_remotely: 0 };

const disabled = (incomplete: string): JsonObject =>
  describe({
    incomplete,
    staysIn: false,
    paused: false,
    outsideWindow: false,
    cannotReplace: false,
    rewritesWaiting: 0,
    summary: NOTHING,
  });

/** `{"2016-W05": {"<target>": {safe, pending}}}` */
function weeks({ places }: Backup): JsonObject {
  const folders: Record<string, Record<string, { safe: number; pending: number }>> = {};
  for (const [name, { ledger }] of places) {
    for (const { folder, safe, pending } of ledger.weeks()) {
      folders[folder] = { ...folders[folder], [name]: { safe, pending } };
    }
  }
  return folders;
}
