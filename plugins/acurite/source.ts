import { resolve } from 'node:path';
import type { Config } from './config.ts';
import { type Driver, type Evidence, UsbConsoles } from './device.ts';
import type { SourceKind } from './memory.ts';
import { type PollOptions, poll, SYSTEM_CLOCK } from './poll.ts';
import { replay } from './replay.ts';
import { simulatedConsole, simulatedPast } from './simulator.ts';

/** Where reports come from. */
export interface Source {
  readonly kind: SourceKind;
  /** What is in use now: with `auto` this changes while it runs. */
  transport(): Driver | 'replay' | 'simulator';
  evidence(): AsyncIterable<Evidence>;
  /** Only a real console has a port. @throws DeviceError */
  resetPort?(): Promise<void>;
}

const clock = SYSTEM_CLOCK;

type SimulatorConfig = Extract<Config, { transport: 'simulator' }>;

/** The simulator's past, as far as it is not known yet, then its present. */
async function* simulate(config: SimulatorConfig, known: number, options: PollOptions): AsyncGenerator<Evidence> {
  const from = Math.max(known, clock.time() - config.history_hours * 3_600_000);
  for (const { time, read } of simulatedPast(config.seed, config.poll_seconds, from, clock.time())) {
    if (options.signal.aborted) return;
    yield { kind: 'report', time, bytes: await read() };
  }
  const console = simulatedConsole(config.seed, config.poll_seconds, clock.time);
  yield* poll(async () => console, options);
}

/**
 * @param folder what a relative `replay.file` is relative to
 * @param lastTime when the last report of this source was read, epoch ms; asked when evidence is
 */
export function openSource(
  config: Config,
  folder: string,
  signal: AbortSignal,
  lastTime: () => number | undefined,
): Source {
  const options = { outdoorSeconds: config.poll_seconds, retrySeconds: config.retry_seconds, clock, signal };
  if (config.transport === 'replay') {
    const { file, interval_ms } = config.replay;
    const evidence = () => replay(resolve(folder, file), interval_ms, clock, signal);
    return { kind: 'replay', transport: () => 'replay', evidence };
  }
  if (config.transport === 'simulator') {
    const evidence = () => simulate(config, lastTime() ?? 0, options);
    return { kind: 'simulator', transport: () => 'simulator', evidence };
  }
  const consoles = new UsbConsoles(config.transport, config.path);
  return {
    kind: 'console',
    transport: () => consoles.driver,
    evidence: () => poll(() => consoles.open(), options),
    resetPort: () => consoles.resetPort(),
  };
}
