/** `2026-11-22` as the calendar on the wall says at a time. @param time epoch ms */
export function isoDate(time: number, timeZone: string): string {
  // Sweden writes dates as ISO 8601 does.
  return new Intl.DateTimeFormat('sv-SE', { timeZone }).format(time);
}
