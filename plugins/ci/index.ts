import type { StartPlugin } from 'cupboard/sdk';
import type { Config } from './config.ts';
import { startImages } from './images/wiring.ts';
import { MIGRATIONS } from './migrations.ts';

const start: StartPlugin<Config> = async (hub) => {
  hub.store(MIGRATIONS);
  const images = await startImages(hub);
  hub.waiting('no jobs are known', 'Write a job file into the definitions folder.');
  return () => images.stop();
};
export default start;
