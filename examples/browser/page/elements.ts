/** Elements of the page: found by id, made with text that is never read as markup. */

/** @throws Error when the document has no such element of this class. */
export function find<Kind extends HTMLElement>(id: string, kind: abstract new () => Kind): Kind {
  const element = document.getElementById(id)
  if (!(element instanceof kind)) throw new Error(`The page has no ${kind.name} #${id}`)
  return element
}

export function make<Name extends keyof HTMLElementTagNameMap>(
  name: Name,
  init: { readonly text?: string; readonly className?: string } = {},
  ...children: readonly Node[]
): HTMLElementTagNameMap[Name] {
  const element = document.createElement(name)
  if (init.text !== undefined) element.textContent = init.text
  if (init.className !== undefined) element.className = init.className
  element.append(...children)
  return element
}

/** A row of a table: the first cell names it. */
export function row(name: string, ...cells: readonly (string | Node)[]): HTMLTableRowElement {
  const head = make('th', { text: name })
  head.scope = 'row'
  return make(
    'tr',
    {},
    head,
    ...cells.map((cell) => (typeof cell === 'string' ? make('td', { text: cell }) : make('td', {}, cell))),
  )
}

/** A share from 0 to 1 as a bar; the figure stands beside it for whoever sees none. */
export function bar(share: number): HTMLElement {
  const meter = make('meter')
  meter.max = 1
  meter.value = share
  meter.ariaLabel = percent(share)
  return meter
}

export function percent(share: number): string {
  return `${(share * 100).toFixed(1)}\u00a0%`
}

/** What an error says to a person. */
export function told(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
