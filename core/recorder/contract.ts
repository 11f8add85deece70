import type { History } from '../sdk/contract.ts';

export interface SeriesInfo {
  /** Topic + field: `acurite/outdoor/temperature`. */
  readonly series: string;
  readonly unit?: string;
  /** Epoch ms of the first and last reading kept. */
  readonly first: number;
  readonly last: number;
  /** Raw readings kept. */
  readonly count: number;
  /** On disk, roll-ups included; an estimate. */
  readonly bytes: number;
}

/** A history with the strings the series took, where it took any. */
export interface SeriesHistory extends History {
  readonly texts?: readonly (readonly [time: number, text: string])[];
}

export interface RecordedEvent {
  readonly time: number;
  readonly topic: string;
  readonly payload: string;
}

export interface HistoryQuery {
  readonly series: string;
  /** Epoch ms. */
  readonly from: number;
  readonly to: number;
  /** How many points the reader can show; picks the resolution. Default 1000. */
  readonly points?: number;
}

export interface RecorderStats {
  readonly series: number;
  /** Not committed yet. */
  readonly waiting: number;
  /** Readings committed since the start. */
  readonly written: number;
  /** Size of recorder.db. */
  readonly bytes: number;
  /** Messages lost because the recorder could not keep up, if any were. */
  readonly dropped?: number;
  /** Series refused because of the cap. */
  readonly refused: number;
  /** Set while it cannot write: `disk full`. */
  readonly problem?: string;
}

/** The history, as HTTP and the composition root use it. The work happens in a worker thread that owns recorder.db. */
export interface Recorder {
  start(): Promise<void>;
  /** Commits what waits and closes the database. */
  stop(): Promise<void>;
  series(): Promise<readonly SeriesInfo[]>;
  /** Buckets are stamped with their start. @throws HubError `series_unknown` */
  history(query: HistoryQuery): Promise<SeriesHistory>;
  /** Newest first; 1000 unless told. */
  events(query: { from?: number; to?: number; filter?: string; limit?: number }): Promise<readonly RecordedEvent[]>;
  /** Commits what waits now. @throws HubError `recorder_blocked` where that is not possible; it still waits then */
  flush(): Promise<void>;
  /** Applies changed settings (retention, exclude, caps) without losing a reading. */
  reconfigure(): void;
  stats(): RecorderStats;
}
