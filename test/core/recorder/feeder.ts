/**
 * A process for kill.test.ts to kill: records a rising count from FIRST on, a reading every millisecond of their own
 * time, and prints how many are committed.
 */
import { busRecorder } from './bus.ts';
import { keepingLog, NOON } from './support.ts';

const [file = '', first = '0'] = process.argv.slice(2);
const { bus, recorder } = busRecorder(file, keepingLog().log);
await recorder.start();
bus.publish('hub/plugins/feeder', { state: 'running' });
bus.publish('hub/devices/feeder/count', { name: 'Count', sensors: { n: { state_class: 'total' } } });
let next = Number(first);
setInterval(() => {
  for (let burst = 0; burst < 50; burst += 1, next += 1) bus.publish('feeder/count', { time: NOON + next, n: next });
}, 5);
let reported = 0;
setInterval(() => {
  const { written } = recorder.stats();
  if (written !== reported) console.log(Number(first) + written);
  reported = written;
}, 5);
