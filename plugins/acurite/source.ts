import { resolve } from 'node:path';
import type { Config } from './config.ts';
import { type Driver, type Evidence, UsbConsoles } from './device.ts';
import type { SourceKind } from './memory.ts';
import { poll, SYSTEM_CLOCK } from './poll.ts';
import { replay } from './replay.ts';
import { simulatedConsole } from './simulator.ts';

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

/** @param folder what a relative `replay.file` is relative to */
export function openSource(config: Config, folder: string, signal: AbortSignal): Source {
  const options = { outdoorSeconds: config.poll_seconds, retrySeconds: config.retry_seconds, clock, signal };
  if (config.transport === 'replay') {
    const { file, interval_ms } = config.replay;
    const evidence = () => replay(resolve(folder, file), interval_ms, clock, signal);
    return { kind: 'replay', transport: () => 'replay', evidence };
  }
  if (config.transport === 'simulator') {
    const console = simulatedConsole(config.seed, config.poll_seconds, clock.time);
    return { kind: 'simulator', transport: () => 'simulator', evidence: () => poll(async () => console, options) };
  }
  const consoles = new UsbConsoles(config.transport, config.path);
  return {
    kind: 'console',
    transport: () => consoles.driver,
    evidence: () => poll(() => consoles.open(), options),
    resetPort: () => consoles.resetPort(),
  };
}
