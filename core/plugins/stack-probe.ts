/** Prints the stack of a hung plugin as JSON; run inside the network of a sandbox, where the hub cannot connect to. */
import { captureStack } from './stack.ts';

const [, , url = '', timeoutMs] = process.argv;
process.stdout.write(JSON.stringify(await captureStack(url, Number(timeoutMs))));
