/**
 * xterm.js writes its style sheets into `<style>` elements, which the page's content security policy ignores. While `run`
 * runs, every `<style>` that is made is an element whose text becomes a constructed sheet of the page, also later on;
 * the policy permits those. Answers what removes the sheets.
 */
export function withConstructedStyles(run: () => void): () => void {
  const sheets = new Set<CSSStyleSheet>();
  const createElement = document.createElement.bind(document);
  document.createElement = (name: string, options?: ElementCreationOptions) => {
    if (name !== 'style') return createElement(name, options);
    const sheet = new CSSStyleSheet();
    sheets.add(sheet);
    document.adoptedStyleSheets = [...document.adoptedStyleSheets, sheet];
    const element = createElement('span');
    element.hidden = true;
    Object.defineProperty(element, 'textContent', { set: (css: string) => sheet.replaceSync(css), get: () => '' });
    return element;
  };
  try {
    run();
  } finally {
    Reflect.deleteProperty(document, 'createElement'); // the prototype's own shows again
  }
  return () => {
    document.adoptedStyleSheets = document.adoptedStyleSheets.filter((sheet) => !sheets.has(sheet));
  };
}
