import { addAbortSignal, Readable } from 'node:stream';

/** A stream of a library whose errors come out in the words of a target, and which ends with the signal. */
export function translatedStream(
  source: Readable,
  translate: (error: unknown) => Error,
  signal: AbortSignal,
): Readable {
  const blocks = async function* () {
    try {
      yield* addAbortSignal(signal, source);
    } catch (error) {
      signal.throwIfAborted();
      throw translate(error);
    }
  };
  return Readable.from(blocks(), { objectMode: false });
}
