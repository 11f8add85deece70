/**
 * Makes one call out of many: `quietMs` after the last, but at most `mostMs` after the first. For things that come in
 * bunches: a card's partitions, a phone's photos.
 */
export function debounce(
  call: () => void,
  quietMs: number,
  mostMs: number,
): { readonly run: () => void; readonly cancel: () => void } {
  let timer: NodeJS.Timeout | undefined;
  let deadline = 0;
  return {
    run() {
      const now = performance.now();
      if (timer === undefined) deadline = now + mostMs;
      clearTimeout(timer);
      timer = setTimeout(
        () => {
          timer = undefined;
          call();
        },
        Math.min(quietMs, Math.max(0, deadline - now)),
      );
    },
    cancel: () => clearTimeout(timer),
  };
}
