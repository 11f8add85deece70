/** Text as HTML shows it, in elements and in attributes. */
export function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}

/** A path as a relative link: each part encoded, so that `#`, `?` and `:` in a name lead nowhere else. */
export function hrefOf(path: string): string {
  return escapeHtml(path.split('/').map(encodeURIComponent).join('/'));
}

/** A whole page: no script, nothing loaded from elsewhere, readable on a phone and on paper. */
export function renderPage(title: string, body: string): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="script-src 'none'; object-src 'none'; base-uri 'none'; form-action 'none'">
<meta name="referrer" content="no-referrer">
<title>${escapeHtml(title)}</title>
<style>${STYLE}</style>
</head>
<body>
${body}
</body>
</html>
`;
}

const STYLE = `
:root { color-scheme: light dark; }
body { font: 17px/1.5 system-ui, sans-serif; max-width: 62rem; margin: 0 auto; padding: 1rem; overflow-wrap: anywhere; }
h1 { line-height: 1.2; }
pre { white-space: pre-wrap; padding: .6rem; border: 1px solid #8886; border-radius: .4rem; }
table { border-collapse: collapse; width: 100%; table-layout: fixed; }
th:nth-child(1) { width: 20%; } th:nth-child(3) { width: 28%; } th:nth-child(4) { width: 12%; }
th, td { text-align: left; vertical-align: top; padding: .25rem .8rem .25rem 0; border-bottom: 1px solid #8884; }
td.count, th.count { text-align: right; }
.photos { display: grid; grid-template-columns: repeat(auto-fill, minmax(14rem, 1fr)); gap: 1rem; padding: 0; }
figure { margin: 0; }
figure img { width: 100%; aspect-ratio: 4 / 3; object-fit: contain; background: #8882; }
figcaption { font-size: .85rem; }
figcaption p { margin: 0; }
@media print { body { max-width: none; font-size: 12pt; } a { color: inherit; } }
`;
