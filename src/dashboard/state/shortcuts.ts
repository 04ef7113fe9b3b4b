import { goTo } from './route.ts'
import type { PageName } from './page-names.ts'
import { nextTheme } from './theme.ts'

/** Second key after `g`. */
const PAGE_KEYS: Readonly<Record<string, PageName>> = {
  o: 'overview',
  r: 'run',
  d: 'decisions',
  c: 'costs',
  h: 'cache',
  p: 'policies',
  a: 'agents',
  n: 'peers',
  m: 'market',
  e: 'escrows',
  l: 'ledger',
  b: 'budgets',
  k: 'access',
  s: 'simulations',
}

export type Shortcut = { readonly keys: readonly string[]; readonly does: string }

export const SHORTCUTS: readonly Shortcut[] = [
  { keys: ['?'], does: 'these keys' },
  { keys: ['/'], does: 'to the filter of the page' },
  { keys: ['t'], does: 'another theme: as the system, light, dark' },
  { keys: ['Esc'], does: 'close what is open' },
  ...Object.entries(PAGE_KEYS).map(([key, page]) => ({ keys: ['g', key], does: page === 'run' ? 'run a task' : page })),
]

/** Longest time between the two keys of a pair. */
const PAIR_MS = 1_500

/** Keys of the whole page; none while somebody writes, or with a key that is the browser's. @returns Ends it. */
export function followShortcuts({ onHelp }: { readonly onHelp: () => void }): () => void {
  let firstAtMs = Number.NEGATIVE_INFINITY
  const onKey = (event: KeyboardEvent): void => {
    if (event.ctrlKey || event.metaKey || event.altKey || isWriting(event.target) || isDialogOpen()) return
    const page = PAGE_KEYS[event.key]
    if (performance.now() - firstAtMs < PAIR_MS && page !== undefined) goTo(page)
    else if (event.key === '?') onHelp()
    else if (event.key === 't') nextTheme()
    else if (event.key === '/' && focusFilter()) event.preventDefault()
    firstAtMs = event.key === 'g' ? performance.now() : Number.NEGATIVE_INFINITY
  }
  addEventListener('keydown', onKey)
  return () => removeEventListener('keydown', onKey)
}

function isWriting(target: EventTarget | null): boolean {
  return target instanceof HTMLElement && (target.matches('input, textarea, select') || target.isContentEditable)
}

function isDialogOpen(): boolean {
  return document.querySelector('dialog[open]') !== null
}

function focusFilter(): boolean {
  const filter = document.querySelector<HTMLInputElement>('input[type=search]')
  filter?.focus()
  return filter !== null
}
