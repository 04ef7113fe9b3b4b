/** The style sheet of report pages: light and dark by the reader's preference, one column on small screens. */
export const PAGE_STYLE = `
:root { color-scheme: light dark; --ground: #fff; --ink: #1b1d22; --faint: #5c6069; --line: #d8dbe0; --good: #00643f; --bad: #a11616; --good-ground: #e4f4ec; --bad-ground: #fbe9e7 }
@media (prefers-color-scheme: dark) { :root { --ground: #16181d; --ink: #e8e8ea; --faint: #a6abb5; --line: #343841; --good: #6fdcab; --bad: #ff9d94; --good-ground: #12301f; --bad-ground: #3a1a18 } }
* { box-sizing: border-box }
body { margin: 0 auto; padding: 1rem; max-width: 62rem; background: var(--ground); color: var(--ink); font: 16px/1.5 system-ui, -apple-system, 'Segoe UI', Roboto, 'DejaVu Sans', Arial, sans-serif }
h1 { font-size: 1.6rem; line-height: 1.2; overflow-wrap: anywhere }
h2 { font-size: 1.2rem; margin-top: 2.2rem; border-bottom: 1px solid var(--line) }
.verdict { padding: .6rem .8rem; border-radius: .4rem }
.good { background: var(--good-ground); color: var(--good) }
.bad { background: var(--bad-ground); color: var(--bad) }
.wide { overflow-x: auto; margin: 1rem 0 }
table { border-collapse: collapse; min-width: 50%; font-variant-numeric: tabular-nums }
caption { text-align: left; color: var(--faint); padding-bottom: .3rem }
th, td { text-align: left; vertical-align: top; padding: .25rem .9rem .25rem 0; border-bottom: 1px solid var(--line); overflow-wrap: anywhere }
td { min-width: 4rem }
thead th { color: var(--faint); font-weight: 600 }
tbody th { font-weight: 400 }
figure { margin: 1rem 0 }
svg { max-width: 100%; height: auto; display: block }
footer { margin-top: 3rem; color: var(--faint); font-size: .9rem }
@media print { body { max-width: none } .wide { overflow: visible } }
`
