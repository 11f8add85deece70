import { describe, test } from 'vitest';
import { connection } from './connection.ts';
import { ordering } from './ordering.ts';
import { publishing } from './publishing.ts';
import { sessions } from './sessions.ts';
import { shared } from './shared.ts';
import { type Row, Stage, startServer, type Version } from './stage.ts';
import { subscribing } from './subscribing.ts';

// CONFORMANCE=mosquitto runs the same rows against Debian's Mosquitto, for comparison.

const TABLES: Readonly<Record<string, readonly Row[]>> = {
  connection,
  publishing,
  subscribing,
  sessions,
  shared,
  ordering,
};
const BOTH: readonly Version[] = [4, 5];
const NAMES: Readonly<Record<Version, string>> = { 4: '3.1.1', 5: '5' };

for (const [table, rows] of Object.entries(TABLES)) {
  describe(table, () => {
    for (const { statement, what, versions = BOTH, run } of rows) {
      for (const version of versions) {
        test(`MQTT ${NAMES[version]}: ${what} [${statement}]`, async () =>
          run(new Stage(await startServer(), version)));
      }
    }
  });
}
