export type Phase = 'online' | 'disconnecting' | 'offline' | 'connecting';

/**
 * The score of mwan3: `down` bad rounds in a row to go offline, `up` good ones in a row to come back. In between a
 * single round of the other kind starts the count anew.
 */
export interface Score {
  readonly score: number;
  readonly online: boolean;
}

export interface Patience {
  /** Bad rounds in a row before it counts as down. */
  readonly down: number;
  /** Good rounds in a row before it counts as up again. */
  readonly up: number;
}

export const startScore = ({ down, up }: Patience): Score => ({ score: down + up, online: true });

export function nextScore({ score, online }: Score, isGood: boolean, { down, up }: Patience): Score {
  if (isGood) return online || score + 1 >= up ? { score: down + up, online: true } : { score: score + 1, online };
  const fallen = score - 1;
  if (online) return fallen <= up ? { score: 0, online: false } : { score: fallen, online };
  return { score: 0, online };
}

export function phaseOf({ score, online }: Score, { down, up }: Patience): Phase {
  if (online) return score === down + up ? 'online' : 'disconnecting';
  return score === 0 ? 'offline' : 'connecting';
}
