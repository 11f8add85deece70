import type { StaticNode } from '../ansible/static-node.ts';

/** Settings of what runs builds beyond this machine. */
export interface RemoteConfig {
  /** Nodes reached by SSH, by name. */
  readonly static: Readonly<Record<string, StaticNode>>;
  /** Workers that builds are given to, by name. */
  readonly workers: Readonly<Record<string, WorkerSettings>>;
  /** Makes this hub a worker of another. */
  readonly worker?: { readonly topic: string; readonly token: string };
}

export interface WorkerSettings {
  /** Topic that the worker speaks on. */
  readonly topic: string;
  readonly token: string;
  readonly lease_seconds: number;
}
