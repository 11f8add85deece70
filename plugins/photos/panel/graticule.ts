import L from 'leaflet';

/** Degrees between lines, from the coarsest. */
const STEPS = [45, 30, 10, 5, 2, 1, 0.5, 0.2, 0.1, 0.05, 0.02, 0.01, 0.005, 0.002, 0.001, 0.0005, 0.0002];
/** CSS pixels between lines, at least. */
const SPACING = 110;
/** CSS pixels from the upper edge that the degrees of longitude take. */
const CORNER = 40;
/** Where the Mercator map ends. */
const LAST_LATITUDE = 85;

/** Lines of latitude and longitude with their degrees: what a map is without pictures of the ground. */
export function graticule(): L.LayerGroup {
  const group = L.layerGroup();
  const redraw = ({ target }: { target: L.Map }) => draw(group, target);
  return group
    .on('add', ({ target }) => {
      const map = (target as unknown as { _map: L.Map })._map;
      map.on('moveend', redraw);
      map.whenReady(() => draw(group, map));
    })
    .on('remove', ({ target }) => void (target as unknown as { _map: L.Map })._map?.off('moveend', redraw));
}

function draw(group: L.LayerGroup, map: L.Map): void {
  group.clearLayers();
  const bounds = map.getBounds();
  const step = stepFor(map);
  const [south, north] = [Math.max(bounds.getSouth(), -LAST_LATITUDE), Math.min(bounds.getNorth(), LAST_LATITUDE)];
  const [west, east] = [bounds.getWest(), bounds.getEast()];
  for (const latitude of between(south, north, step)) {
    line([latitude, west], [latitude, east]).addTo(group);
    // The corner belongs to the first meridian.
    if (map.latLngToContainerPoint([latitude, west]).y > CORNER) {
      label([latitude, west], degrees(latitude, step, 'N', 'S'), 'row').addTo(group);
    }
  }
  for (const longitude of between(west, east, step)) {
    line([south, longitude], [north, longitude]).addTo(group);
    label([north, longitude], degrees(wrapped(longitude), step, 'E', 'W'), 'column').addTo(group);
  }
}

/** The finest step whose lines are far enough apart on the screen. */
function stepFor(map: L.Map): number {
  const { lat, lng } = map.getCenter();
  const pixels = map.project([lat, lng + 1]).x - map.project([lat, lng]).x;
  return STEPS.findLast((step) => step * pixels >= SPACING) ?? 45;
}

function between(from: number, to: number, step: number): number[] {
  const first = Math.ceil(from / step);
  return Array.from({ length: Math.max(0, Math.floor(to / step) - first + 1) }, (_, index) => (first + index) * step);
}

const line = (from: L.LatLngTuple, to: L.LatLngTuple): L.Polyline =>
  L.polyline([from, to], { className: 'map-line', interactive: false, weight: 1 });

const label = (at: L.LatLngTuple, text: string, kind: string): L.Marker =>
  L.marker(at, {
    icon: L.divIcon({ className: `map-degrees ${kind}`, html: text, iconSize: undefined }),
    interactive: false,
    keyboard: false,
  });

function degrees(value: number, step: number, positive: string, negative: string): string {
  const digits = Math.max(0, Math.ceil(-Math.log10(step)));
  const sign = Math.abs(value) < step / 2 ? '' : value > 0 ? positive : negative;
  return `${Math.abs(value).toFixed(digits)}° ${sign}`.trim();
}

const wrapped = (longitude: number): number => ((((longitude + 180) % 360) + 360) % 360) - 180;
