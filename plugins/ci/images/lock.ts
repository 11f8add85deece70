import { spawn } from 'node:child_process';
import { once } from 'node:events';

/**
 * Takes an exclusive lock on a file, which the kernel gives back however this process ends. Answers the function that
 * gives it back, or `undefined` where someone else has it.
 */
export async function takeLock(file: string): Promise<(() => Promise<void>) | undefined> {
  // `cat` holds the lock until its input, a pipe of ours, closes.
  const holder = spawn('flock', ['--nonblock', file, 'sh', '-c', 'echo locked; exec cat'], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const ended = once(holder, 'exit');
  const isLocked = await Promise.race([once(holder.stdout, 'data').then(() => true), ended.then(() => false)]);
  if (!isLocked) return undefined;
  return async () => {
    holder.stdin.end();
    await ended;
  };
}
