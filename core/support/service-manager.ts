import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { errorText } from './errors.ts';
import type { Logger } from './log.ts';

/** What the hub tells systemd, where it runs the hub (sd_notify(3)). */
export interface ServiceManager {
  ready(): void;
  stopping(): void;
}

/**
 * Talks to the service manager that `NOTIFY_SOCKET` names, through systemd-notify: Node has no datagram Unix sockets.
 * Signs of life go out from the event loop, so that one that hangs is restarted. Without the variable nothing is done.
 */
export function createServiceManager(log: Logger, env: NodeJS.ProcessEnv = process.env): ServiceManager {
  const { NOTIFY_SOCKET, WATCHDOG_USEC, WATCHDOG_PID } = env;
  if (!NOTIFY_SOCKET) return { ready: () => undefined, stopping: () => undefined };
  let warned = false;
  const tell = (...states: string[]) =>
    promisify(execFile)('systemd-notify', states).catch((error: unknown) => {
      if (!warned) log.warn(`systemd was not told ${states.join(' ')}: ${errorText(error)}`);
      warned = true;
    });
  // Meant for another process, as a shell around the hub, the wish is not the hub's.
  const isOurs = WATCHDOG_PID === undefined || Number(WATCHDOG_PID) === process.pid;
  const watchdogMs = isOurs ? Number(WATCHDOG_USEC ?? 0) / 1000 : 0;
  return {
    ready() {
      void tell('READY=1');
      if (watchdogMs > 0) setInterval(() => void tell('WATCHDOG=1'), watchdogMs / 2).unref();
    },
    stopping: () => void tell('STOPPING=1'),
  };
}
