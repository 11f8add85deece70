import { join } from 'node:path';
import { PLUGIN_FOLDER } from '../folder.ts';

/** The elements that come with the plugin. */
export const SHIPPED_ELEMENTS = join(PLUGIN_FOLDER, 'elements');

/** Path of a shell program of this folder. */
export const imageProgram = (name: 'run-phase' | 'run-smoke' | 'make-disk'): string =>
  join(PLUGIN_FOLDER, 'images', name);
