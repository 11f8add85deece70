/** What all rooms are told in. */
export const UNIT = 'celsius';

/** @param {number} celsius */
export const told = (celsius) => (UNIT === 'kelvin' ? celsius + 273.15 : celsius);
