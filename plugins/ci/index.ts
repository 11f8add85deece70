import type { StartPlugin } from 'cupboard/sdk';
import type { Config } from './config.ts';
import { MIGRATIONS } from './migrations.ts';

const start: StartPlugin<Config> = (hub) => {
  hub.store(MIGRATIONS);
  hub.waiting('no jobs are known', 'Write a job file into the definitions folder.');
};
export default start;
