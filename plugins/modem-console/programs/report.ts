import { type CommandResult, errorText } from 'cupboard/sdk';

/** `header` and `flash` alike have verdicts: their key ends in this word. */
const isBad = (key: string, value: unknown) => key.endsWith('verdict') && value === 'bad';

/**
 * Runs what answers like a command and prints the answer as JSON. Exit code 0 when nothing is bad, 1 when something is or
 * failed, 2 for wrong usage, which `task` says by answering nothing.
 */
export async function runReported(
  usage: string,
  task: () => Promise<CommandResult> | undefined | Promise<CommandResult | undefined>,
): Promise<number> {
  try {
    const answer = await task();
    if (answer === undefined) {
      process.stderr.write(`usage: cupboard run modem-console ${usage}\n`);
      return 2;
    }
    let bad = !answer.ok;
    const text = JSON.stringify(
      answer,
      (key, value: unknown) => {
        bad ||= isBad(key, value);
        return value;
      },
      2,
    );
    process.stdout.write(`${text}\n`);
    return bad ? 1 : 0;
  } catch (error) {
    process.stderr.write(`${errorText(error)}\n`);
    return 1;
  }
}
