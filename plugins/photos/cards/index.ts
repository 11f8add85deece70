import type { Photos } from '../photos.ts';

/** Watches for cards and inbox folders and has them imported. */
export async function startCards(_photos: Photos): Promise<void> {
  // Filled in by the parts that follow.
}
