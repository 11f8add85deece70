import L from 'leaflet';
import leafletCss from 'leaflet/dist/leaflet.css';
import type { Shot } from '../gallery/contract.ts';
import type { NamedPlace } from './album.ts';
import { graticule } from './graticule.ts';
import { countOf } from './words.ts';

export interface Point {
  readonly latitude: number;
  readonly longitude: number;
}

export interface MapOptions {
  readonly element: HTMLElement;
  /** Address of tiles with {z}, {x} and {y}, and who made them. */
  readonly tiles: { readonly url: string; readonly attribution: string } | undefined;
  /** Where to look when there is nothing to show. */
  readonly home: Point | undefined;
  /** @param name of the place that was chosen; empty = a point of the map */
  readonly onPoint: (point: Point, name: string) => void;
  readonly onShots: (shots: readonly Shot[]) => void;
}

export interface OpenMap {
  /** Draws shots and places anew. */
  show(shots: readonly Shot[], places: Readonly<Record<string, NamedPlace>>): void;
  /** Looks at all that is shown. */
  fit(): void;
  /** Marks a point, or none. */
  mark(point: Point | undefined): void;
  close(): void;
}

/** Shots nearer to each other than this share a marker; CSS pixels, the size of a marker and a little. */
const SAME_SPOT = 38;
const CLOSEST = 16;

const sheet = new CSSStyleSheet();
sheet.replaceSync(leafletCss);

/** Opens a Leaflet map. All of Leaflet is in this module, which is loaded when the first map is looked at. */
export function openMap({ element, tiles, home, onPoint, onShots }: MapOptions): OpenMap {
  document.adoptedStyleSheets = [...document.adoptedStyleSheets, sheet];
  const map = L.map(element, { worldCopyJump: true, zoomControl: false, attributionControl: tiles !== undefined });
  map.attributionControl?.setPrefix(false);
  L.control.zoom({ position: 'topright' }).addTo(map);
  L.control.scale({ imperial: false }).addTo(map);
  if (tiles) L.tileLayer(tiles.url, { attribution: tiles.attribution, maxZoom: 19 }).addTo(map);
  else graticule().addTo(map);
  const placeMarkers = L.featureGroup().addTo(map);
  const shotMarkers = L.featureGroup().addTo(map);
  const pin = L.marker([0, 0], { icon: pinIcon(), interactive: false, keyboard: false, zIndexOffset: 1000 });
  let shown: readonly Shot[] = [];
  const drawShots = () => {
    shotMarkers.clearLayers();
    for (const spot of spotsOf(map, shown)) shotMarker(spot, () => onShots(spot)).addTo(shotMarkers);
  };
  map.setView(home ? [home.latitude, home.longitude] : [30, 0], home ? 12 : 2);
  map.on('zoomend', drawShots);
  map.on('click', ({ latlng }) => {
    const { lat, lng } = latlng.wrap();
    onPoint({ latitude: round(lat), longitude: round(lng) }, '');
  });

  return {
    show(shots, places) {
      placeMarkers.clearLayers();
      for (const [name, place] of Object.entries(places)) placeMarker(name, place, onPoint).addTo(placeMarkers);
      shown = shots.filter(({ latitude, longitude }) => latitude !== null && longitude !== null);
      drawShots();
    },
    fit() {
      const bounds = (shown.length > 0 ? shotMarkers : placeMarkers).getBounds();
      if (bounds.isValid()) map.fitBounds(bounds, { padding: [48, 48], maxZoom: CLOSEST });
    },
    mark(point) {
      if (!point) return void pin.remove();
      pin.setLatLng([point.latitude, point.longitude]).addTo(map);
      if (!map.getBounds().contains(pin.getLatLng())) map.panTo(pin.getLatLng());
    },
    close() {
      map.remove();
      document.adoptedStyleSheets = document.adoptedStyleSheets.filter((each) => each !== sheet);
    },
  };
}

/** 1e-6 degrees are 10 cm: more digits would only pretend. */
const round = (degrees: number): number => Math.round(degrees * 1e6) / 1e6;

const positionOf = ({ latitude, longitude }: Shot): L.LatLngTuple => [latitude ?? 0, longitude ?? 0];

/** Shots whose markers would cover each other, together. */
function spotsOf(map: L.Map, shots: readonly Shot[]): Shot[][] {
  const spots: { readonly at: L.Point; readonly shots: Shot[] }[] = [];
  for (const shot of shots) {
    const at = map.project(positionOf(shot));
    const spot = spots.find((each) => each.at.distanceTo(at) < SAME_SPOT);
    if (spot) spot.shots.push(shot);
    else spots.push({ at, shots: [shot] });
  }
  return spots.map((spot) => spot.shots);
}

function shotMarker(shots: readonly Shot[], onClick: () => void): L.Marker {
  const [first] = shots as [Shot];
  const label = countOf(shots.length, 'picture');
  const icon = L.divIcon({ className: 'map-shots', html: text(String(shots.length)), iconSize: [34, 34] });
  return L.marker(positionOf(first), { icon, title: label, alt: label, zIndexOffset: 500 }).on('click', onClick);
}

function placeMarker(name: string, place: NamedPlace, onClick: MapOptions['onPoint']): L.Marker {
  const icon = L.divIcon({ className: 'map-place', html: text(name), iconSize: undefined, iconAnchor: [6, 6] });
  return L.marker([place.latitude, place.longitude], { icon, title: name, alt: `Place ${name}` }).on('click', () =>
    onClick(place, name),
  );
}

const pinIcon = (): L.DivIcon => L.divIcon({ className: 'map-pin', iconSize: [22, 22] });

/** As an element, for a string would be taken for HTML. */
function text(content: string): HTMLElement {
  const element = document.createElement('span');
  element.textContent = content;
  return element;
}
