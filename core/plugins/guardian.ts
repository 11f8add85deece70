/** Outlives the hub by a moment: reads its token, and when the pipe closes ends everything that carries it. */
import { text } from 'node:stream/consumers';
import { sweep } from './orphans.ts';

sweep(await text(process.stdin));
