/**
 * Runs `task` now and then every `seconds`, counted from start to start; a run that takes longer delays the following
 * one, two never overlap. Ends with the signal. What `task` throws goes to `onError`.
 */
export function every(
  seconds: number,
  task: () => void | Promise<void>,
  signal: AbortSignal,
  onError: (error: unknown) => void,
): void {
  let timer: NodeJS.Timeout | undefined;
  const run = async () => {
    const startedAt = performance.now();
    try {
      await task();
    } catch (error) {
      onError(error);
    }
    if (!signal.aborted) timer = setTimeout(run, Math.max(0, seconds * 1000 - (performance.now() - startedAt)));
  };
  if (signal.aborted) return;
  signal.addEventListener('abort', () => clearTimeout(timer), { once: true });
  void run();
}
