import type { UploadSettings } from '../logs/upload.ts';
import type { Mode } from '../nodes/sandbox.ts';

/** Settings of what runs builds on this machine. */
export interface LocalConfig {
  readonly nodes: {
    readonly mode: Mode | 'auto';
    /** Nodes in use at a time. */
    readonly max: number;
    /** Nodes made beforehand, by image. */
    readonly min_ready: Readonly<Record<string, number>>;
    /** Held nodes kept at a time. */
    readonly max_held: number;
    /** Disk of the nodes made beforehand. */
    readonly disk_mb: number;
  };
  readonly console: { readonly listen: string | false };
  readonly logs: {
    readonly keep_days: number;
    /** Of all logs and artifacts. */
    readonly keep_mb: number;
    /** Of one log. */
    readonly max_mb: number;
    /** Where they are uploaded to. */
    readonly s3?: UploadSettings;
  };
  /** Artifacts kept of one build. */
  readonly artifacts_mb: number;
}
