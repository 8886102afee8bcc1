/** The page's style, for light and dark screens. */
export const STYLE = `
:root { color-scheme: light dark; --line: light-dark(#d5dbe3, #39424e); --soft: light-dark(#f3f5f8, #1b2129);
  --accent: light-dark(#0b5cad, #7ab8f5); }
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 70rem; padding: 1.5rem; font: 16px/1.5 system-ui, sans-serif;
  color: light-dark(#1a2129, #dfe5ec); background: light-dark(#fff, #12161c); }
h1 { margin: 0; } h2 { margin: 0 0 .5rem; font-size: 1.1rem; overflow-wrap: anywhere; } b, a { color: var(--accent); }
nav { display: grid; gap: .25rem; margin: 1rem 0 2rem; }
nav a { text-decoration: none; } a:hover, a:focus-visible { text-decoration: underline; }
section { border-top: 1px solid var(--line); padding: 1.5rem 0; }
table { border-collapse: collapse; width: 100%; margin: .75rem 0; font-size: .9rem; }
th, td { text-align: left; vertical-align: top; padding: .3rem .6rem; border-bottom: 1px solid var(--line); }
code, pre { font: .85rem/1.5 ui-monospace, monospace; }
.example { display: flex; gap: .5rem; align-items: start; background: var(--soft); border-radius: .4rem; padding: .6rem; }
pre { flex: 1; margin: 0; white-space: pre-wrap; overflow-wrap: anywhere; }
button { font: inherit; font-size: .8rem; padding: .2rem .6rem; border: 1px solid var(--line); border-radius: .3rem;
  background: transparent; color: inherit; cursor: pointer; }
@media (max-width: 40rem) { table { display: block; overflow-x: auto; } }
`;
