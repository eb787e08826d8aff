"""How a sheet of pictures looks, in light and dark: the colours of the page that serving shows."""

STYLE = """
:root {
  color-scheme: light dark;
  --paper: #fbfaf4; --sheet: #ffffff; --ink: #23261f; --soft: #5d6256; --line: #ddd9ca;
  --track: #eeebdf; --right: #38662b; --wrong: #9a2f1d; --bar: #c08a00; --quiet: #c9c5b4;
}
@media (prefers-color-scheme: dark) {
  :root {
    --paper: #161813; --sheet: #1e211a; --ink: #ebeadf; --soft: #a9ad9d; --line: #363a30;
    --track: #2c3027; --right: #a6cf8e; --wrong: #f2a391; --bar: #e8b923; --quiet: #565b4d;
  }
}
* { box-sizing: border-box; }
h1, h2, p, ul, dl, dd { margin: 0; padding: 0; }
ul { list-style: none; }
body {
  margin: 0 auto; max-width: 76rem; padding: clamp(1.25rem, 4vw, 3rem) clamp(1rem, 4vw, 2rem);
  background: var(--paper); color: var(--ink);
  font: 1rem/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", sans-serif;
}
h1, h2 { font: 400 1.4rem/1.3 "Iowan Old Style", Palatino, "Book Antiqua", Georgia, serif; }
h1 { font-size: clamp(1.8rem, 5vw, 2.5rem); line-height: 1.15; letter-spacing: -0.01em; }
h2 { margin-top: 2.5rem; }
small { font-size: 0.8125rem; color: var(--soft); }
.subtitle { color: var(--soft); margin-top: 0.35rem; overflow-wrap: anywhere; }
.note { color: var(--soft); font-size: 0.875rem; margin-top: 0.25rem; max-width: 48rem; }
dl { display: flex; flex-wrap: wrap; gap: 0.75rem 2.25rem; margin: 1.5rem 0 1.25rem; }
dt { font-size: 0.8125rem; color: var(--soft); }
dd { font-size: 1.125rem; font-variant-numeric: tabular-nums; overflow-wrap: anywhere; }
.bar { display: flex; gap: 2px; height: 0.75rem; border-radius: 0.375rem; overflow: hidden; }
.bar span { min-width: 3px; }
.legend { display: flex; flex-wrap: wrap; gap: 0.25rem 1.5rem; margin: 0.6rem 0; }
.legend li { font-size: 0.875rem; }
.dot {
  display: inline-block; width: 0.65em; height: 0.65em; border-radius: 50%; margin-right: 0.4em;
}
.same { background: var(--quiet); } .gain { background: var(--right); }
.loss { background: var(--wrong); } .both { background: var(--bar); }
b { font-weight: 600; font-variant-numeric: tabular-nums; }
.cards {
  display: grid; grid-template-columns: repeat(auto-fill, minmax(min(100%, 20rem), 1fr));
  gap: 0.75rem; margin-top: 1rem;
}
.cards li {
  display: flex; gap: 0.9rem; padding: 0.75rem; min-width: 0; break-inside: avoid;
  background: var(--sheet); border: 1px solid var(--line); border-radius: 0.625rem;
}
.cards li > div:last-child { flex: 1; min-width: 0; display: flex; flex-direction: column; }
.cards img, .missing {
  flex: none; width: 7rem; height: 7rem; object-fit: contain; border-radius: 0.375rem;
  background: var(--track);
}
.missing { display: grid; place-items: center; color: var(--soft); font-size: 0.75rem; }
.truth { font-weight: 600; overflow-wrap: anywhere; line-height: 1.3; margin-bottom: 0.25rem; }
.truth small { font-weight: 400; }
.answer { display: flex; flex-wrap: wrap; align-items: baseline; gap: 0 0.4rem; }
.answer { font-size: 0.9375rem; line-height: 1.3; }
.answer small { flex: 0 0 100%; }
.answer bdi { flex: 1; min-width: 0; overflow-wrap: anywhere; }
.answer b { flex: none; font-weight: 500; }
.answer.right > span { color: var(--right); } .answer.wrong > span { color: var(--wrong); }
.sure { height: 3px; background: var(--track); border-radius: 2px; margin: 0.2rem 0 0.45rem; }
.sure span { display: block; height: 100%; border-radius: 2px; }
.sure.right span { background: var(--right); } .sure.wrong span { background: var(--wrong); }
.key {
  margin-top: auto; font-size: 0.75rem; color: var(--soft); white-space: nowrap; overflow: hidden;
  text-overflow: ellipsis;
}
@media print { body { max-width: none; } .cards { grid-template-columns: repeat(2, 1fr); } }
"""
