/**
 * xterm.js writes its style sheets into `<style>` elements, which the page's content security policy ignores. It takes
 * another document to create elements with: this one gives it, for a `<style>`, an element whose text becomes a
 * constructed sheet of the page, which the policy permits.
 */
export function policyDocument(): { readonly document: Document; dispose(): void } {
  const sheets = new Set<CSSStyleSheet>();
  const createElement = (name: string, options?: ElementCreationOptions): HTMLElement => {
    if (name !== 'style') return document.createElement(name, options);
    const sheet = new CSSStyleSheet();
    sheets.add(sheet);
    document.adoptedStyleSheets = [...document.adoptedStyleSheets, sheet];
    const element = document.createElement('span');
    element.hidden = true;
    Object.defineProperty(element, 'textContent', { set: (css: string) => sheet.replaceSync(css), get: () => '' });
    return element;
  };
  const proxy = new Proxy(document, {
    get(target, key) {
      if (key === 'createElement') return createElement;
      const value: unknown = Reflect.get(target, key, target);
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });
  return {
    document: proxy,
    dispose() {
      document.adoptedStyleSheets = document.adoptedStyleSheets.filter((sheet) => !sheets.has(sheet));
    },
  };
}
