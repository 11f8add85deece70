import type { TargetSettings } from '../config.ts';
import { openDirectory } from './directory.ts';
import { openGcs } from './gcs.ts';
import { openRclone } from './rclone.ts';
import { openS3 } from './s3.ts';
import type { Target } from './target.ts';

export interface Surroundings {
  /** The plugin's own folder. */
  readonly dataDir: string;
}

/** The target that the settings describe. Nothing is contacted yet. */
export function openTarget(settings: TargetSettings, { dataDir }: Surroundings): Target {
  switch (settings.type) {
    case 'directory':
      return openDirectory(settings, dataDir);
    case 'gcs':
      return openGcs(settings);
    case 's3':
      return openS3(settings);
    case 'rclone':
      return openRclone(settings);
  }
}
