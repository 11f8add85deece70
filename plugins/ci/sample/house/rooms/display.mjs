/** How the rooms are named on the display by the door. */
export const GREETING = 'Good morning, house';
