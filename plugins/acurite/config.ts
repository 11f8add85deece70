import type { SensorChoice } from './readings.ts';

/** As plugin.json's schema describes it, defaults filled in. */
export type Config = SensorChoice & {
  readonly path?: string;
  readonly ignore_bounds: boolean;
  readonly poll_seconds: number;
  readonly retry_seconds: number;
  readonly capture_days: number;
} & (
    | { readonly transport: 'auto' | 'hidraw' | 'libusb' }
    | { readonly transport: 'simulator'; readonly seed: number; readonly history_hours: number }
    | { readonly transport: 'replay'; readonly replay: { readonly file: string; readonly interval_ms: number } }
  );
