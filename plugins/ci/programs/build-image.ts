import { errorText, type RunProgram } from 'cupboard/sdk';
import type { Config } from '../config.ts';
import { BreakPoints } from '../images/elements/phases.ts';
import { ImageStore } from '../images/store.ts';
import { openTerminal } from '../images/terminal.ts';

/**
 * `[break=POINTS] cupboard run ci build-image NAME`: builds an image before the caller's eyes; a running hub uses it
 * from then on.
 */
const run: RunProgram<Config> = async ({ config, dataDir, args }) => {
  const [name, ...rest] = args;
  if (name === undefined || rest.length > 0) {
    process.stderr.write(`usage: build-image NAME (of ${Object.keys(config.images).join(', ') || 'no images'})\n`);
    return 2;
  }
  const interrupted = new AbortController();
  const terminal = openTerminal();
  const say = (text: string) => void process.stderr.write(`${text}\n`);
  const store = new ImageStore({
    images: config.images,
    targets: config.targets,
    elementFolders: config.elements,
    dataDir,
    log: { debug: () => undefined, info: say, warn: say, error: say },
    signal: interrupted.signal,
    publish: () => undefined,
  });
  process.once('SIGINT', () => interrupted.abort(new Error('interrupted')));
  process.once('SIGTERM', () => interrupted.abort(new Error('interrupted')));
  try {
    const { break: points } = process.env;
    const breakPoints = new BreakPoints(points);
    if (points && !terminal) say('break= has no effect without a terminal');
    const { id } = await store.build(name, {
      line: (text) => void process.stdout.write(`${text}\n`),
      ...(terminal && { breakPoints, terminal: terminal.descriptor }),
    });
    process.stdout.write(`${id} is ready\n`);
    return 0;
  } catch (error) {
    say(errorText(error));
    return 1;
  } finally {
    terminal?.close();
  }
};
export default run;
