import { changeOf, layoutOf, pipelineOf, useOf, World } from '../plugins/ci/scheduler/world.ts';
import type { BenchRow } from './row.ts';

const ITEMS = 1000;
const EVENTS = 200;

/** What one event costs the scheduler when its queue is long, and the worst event: the head of a wide window fails. */
export function run(): BenchRow[] {
  const narrow = filled(20);
  const row = (name: string, value: number): BenchRow => ({ name, value, unit: 'ms' });
  return [
    row(`event in a queue of ${ITEMS.toLocaleString('en')} items, window 20`, perEvent(narrow)),
    row('head fails, window 20', headFails(narrow)),
    row(`head fails, all ${ITEMS.toLocaleString('en')} items running`, headFails(filled(ITEMS))),
  ];
}

/** A gate full of changes whose jobs run. */
function filled(start: number): World {
  const pipeline = pipelineOf({ window: { ...pipelineOf().window, start } });
  const world = new World(layoutOf(pipeline, { lamp: [useOf('unit'), useOf('lint')] }));
  for (let number = 1; number <= ITEMS; number++) world.enqueue(changeOf(number));
  world.merge();
  return world;
}

/** An event that changes nothing but is looked at by a whole pass, as most are. */
function perEvent(world: World): number {
  const began = performance.now();
  for (let count = 0; count < EVENTS; count++) world.feed({ kind: 'landed', change: changeOf(ITEMS + 1) });
  return (performance.now() - began) / EVENTS;
}

function headFails(world: World): number {
  const [head] = world.scheduler.items();
  if (head === undefined) throw new Error('the queue is empty');
  const began = performance.now();
  world.end(head.change, 'unit', { result: 'FAILURE' });
  return performance.now() - began;
}
