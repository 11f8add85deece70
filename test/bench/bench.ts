/**
 * `npm run bench [-- NAME...]`: measures what the README promises. Figures that depend on the machine are shown beside
 * the same work done by something else in the same run; nothing here passes or fails.
 */
import { pathToFileURL } from 'node:url';
import { errorText } from '../../core/support/errors.ts';
import { packageRoot } from '../../core/support/paths.ts';
import type { BenchRow } from './row.ts';

const NAMES = ['broker', 'isolation', 'recorder', 'footprint', 'photos', 'ipv6', 'ci'];

const asked = process.argv.slice(2);
const unknown = asked.filter((name) => !NAMES.includes(name));
if (unknown.length > 0) {
  console.error(`no bench named ${unknown.join(', ')}; there are ${NAMES.join(', ')}`);
  process.exit(2);
}
for (const name of asked.length > 0 ? asked : NAMES) {
  console.log(`\n${name}`);
  try {
    const bench: { run(): Promise<BenchRow[]> } = await import(
      pathToFileURL(`${packageRoot}/test/bench/${name}.ts`).href
    );
    printTable(await bench.run());
  } catch (error) {
    console.error(`  ${name} could not be measured: ${errorText(error)}`);
    process.exitCode = 1;
  }
}

function printTable(rows: readonly BenchRow[]): void {
  const lines = rows.map(({ name, value, unit, target = '', ratioTo }) => [
    name,
    `${readable(value)} ${unit}`,
    ratioTo ? `${Number((value / ratioTo.value).toPrecision(2))}x of ${ratioTo.name} (${readable(ratioTo.value)})` : '',
    target && `target ${target}`,
  ]);
  const widths = [0, 1, 2].map((column) => Math.max(...lines.map((line) => line[column]?.length ?? 0)));
  for (const line of lines) {
    console.log(`  ${line.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join('  ')}`.trimEnd());
  }
}

function readable(value: number): string {
  const digits = value >= 100 ? 0 : value >= 10 ? 1 : 2;
  return value.toLocaleString('en', { maximumFractionDigits: digits, minimumFractionDigits: digits });
}
