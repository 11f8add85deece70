const MOVED = 'cupboard-moved';

/** Goes to a path of this page without loading it again. */
export function navigate(path: string, { replace = false } = {}): void {
  const { hash } = location;
  history[replace ? 'replaceState' : 'pushState'](null, '', path);
  dispatchEvent(new Event(MOVED));
  // The browser tells of this only when it followed the link itself; panels keep their place there.
  if (location.hash !== hash) dispatchEvent(new Event('hashchange'));
}

/** Writes what a page shows into its address, so that it can be copied and comes back after a reload. */
export function rememberInAddress(query: Readonly<Record<string, string | undefined>>): void {
  const given = Object.entries(query).filter((entry): entry is [string, string] => Boolean(entry[1]));
  const search = new URLSearchParams(given).toString();
  history.replaceState(null, '', search ? `${location.pathname}?${search}` : location.pathname);
}

export const fromAddress = (name: string): string => new URLSearchParams(location.search).get(name) ?? '';

/** Calls back at every move, be it by link, by `navigate` or by the browser's buttons. Answers the function that ends it. */
export function onMove(listener: () => void): () => void {
  addEventListener(MOVED, listener);
  addEventListener('popstate', listener);
  document.addEventListener('click', followLink);
  return () => {
    removeEventListener(MOVED, listener);
    removeEventListener('popstate', listener);
    document.removeEventListener('click', followLink);
  };
}

function followLink(event: MouseEvent): void {
  if (event.defaultPrevented || event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey)
    return;
  const link = event
    .composedPath()
    .find((node): node is HTMLAnchorElement => node instanceof HTMLAnchorElement && node.href !== '');
  if (
    !link ||
    link.target ||
    link.hasAttribute('download') ||
    link.origin !== location.origin ||
    isServed(link.pathname)
  )
    return;
  if (link.hash && link.pathname === location.pathname) return;
  event.preventDefault();
  navigate(link.pathname + link.search + link.hash);
}

/** Paths that are answered by the hub or a plugin, not drawn here. */
const isServed = (path: string) => /^\/(api\/|metrics$|plugins\/.)/.test(path);
