"""What the page of a dataset version adds to the look of a sheet."""

from dandelion_training.publish.sheet_style import STYLE as SHEET

STYLE = (
    SHEET
    + """
header .note { overflow-wrap: anywhere; }
h3 { margin: 1.5rem 0 0; font-size: 1rem; font-weight: 600; }
section > dl { margin: 1rem 0; }
.warnings { margin: 1.25rem 0 0; display: grid; gap: 0.5rem; }
.warnings li {
  padding: 0.6rem 0.9rem; background: var(--sheet); border: 1px solid var(--line);
  border-left: 4px solid var(--bar); border-radius: 0.375rem; font-size: 0.9375rem;
  overflow-wrap: anywhere; max-width: 60rem;
}
.scroll { overflow-x: auto; margin-top: 1rem; }
table { border-collapse: collapse; width: 100%; font-size: 0.9375rem; }
th {
  font-size: 0.8125rem; font-weight: 400; color: var(--soft); text-align: left; white-space: nowrap;
}
th, td { padding: 0.35rem 1rem 0.35rem 0; border-bottom: 1px solid var(--line); }
td { vertical-align: baseline; }
th:last-child, td:last-child { padding-right: 0; }
.number { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
.name { overflow-wrap: anywhere; min-width: 7rem; }
.of { width: 32%; min-width: 4rem; }
.of div {
  display: flex; gap: 2px; height: 0.6rem; border-radius: 0.3rem; overflow: hidden; min-width: 3px;
}
.of span { min-width: 2px; }
.train { background: var(--right); } .holdout { background: var(--bar); }
.looks {
  display: grid; grid-template-columns: repeat(auto-fill, minmax(min(100%, 17.5rem), 1fr));
  gap: 1.25rem 1.5rem; margin-top: 1rem;
}
.looks b { overflow-wrap: anywhere; }
.strip { display: flex; flex-wrap: wrap; gap: 4px; margin-top: 0.35rem; }
.strip img, .strip .missing {
  width: 3.2rem; height: 3.2rem; object-fit: cover; border-radius: 0.25rem;
  background: var(--track); font-size: 0.625rem; text-align: center; line-height: 1.1;
}
.cards img, .cards .missing { width: 5.5rem; height: 5.5rem; }
.cards .two { display: block; }
.cards .two > div:last-child { flex-direction: row; gap: 0.75rem; }
.two figure { margin: 0; flex: 1; min-width: 0; }
.two figure img, .two figure .missing { width: 100%; height: auto; aspect-ratio: 1; }
.two figcaption { margin-top: 0.4rem; }
.to { color: var(--wrong); font-weight: 600; overflow-wrap: anywhere; line-height: 1.3; }
.to small { font-weight: 400; }
.cards .key { padding-top: 0.35rem; }
.examples { display: grid; gap: 0.15rem; font-size: 0.8125rem; color: var(--soft); }
.examples li { overflow-wrap: anywhere; }
.examples bdi { color: var(--ink); }
.bars { display: grid; gap: 0.3rem; margin-top: 1rem; max-width: 44rem; }
.bars li {
  display: grid; grid-template-columns: 7.5rem 1fr 4.5rem; gap: 0.75rem; align-items: center;
  font-size: 0.9375rem; font-variant-numeric: tabular-nums;
}
.bars div { background: var(--track); border-radius: 0.25rem; height: 0.85rem; }
.bars span {
  display: block; height: 100%; min-width: 2px; background: var(--right); border-radius: 0.25rem;
}
details { margin-top: 1rem; }
summary { cursor: pointer; color: var(--soft); font-size: 0.9375rem; }
.plain { margin-top: 0.75rem; font-size: 0.9375rem; }
.plain li { overflow-wrap: anywhere; }
@media (max-width: 34rem) {
  th, td { padding-right: 0.6rem; }
  .bars li { grid-template-columns: 6rem 1fr 3.5rem; }
  .of { display: none; }
}
"""
)
