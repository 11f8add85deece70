/** The build puts the style sheet in as text. */
declare module 'leaflet/dist/leaflet.css' {
  const text: string;
  export default text;
}
