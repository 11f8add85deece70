import type { StartPlugin } from 'cupboard/sdk';
import { openBackup } from './backup.ts';
import type { Config } from './config.ts';

const start: StartPlugin<Config> = (hub) => {
  openBackup(hub);
};
export default start;
