import type { Photos } from './photos.ts';

/** What the page asks for below /plugins/photos/. */
export async function serveRoutes(_photos: Photos): Promise<void> {
  // Filled in by the parts that follow.
}
