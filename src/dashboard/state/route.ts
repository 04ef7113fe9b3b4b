import { computed, type ReadonlySignal, signal } from '@preact/signals'

export const PAGES = [
  'overview',
  'run',
  'decisions',
  'costs',
  'cache',
  'policies',
  'agents',
  'peers',
  'market',
  'escrows',
  'ledger',
  'budgets',
  'simulations',
] as const
export type PageName = (typeof PAGES)[number]

export type Route = { readonly page: PageName; readonly id: string | undefined }

const hash = signal(location.hash)

/** Which page is shown, by the part of the address that never leaves the browser. */
export const route: ReadonlySignal<Route> = computed(() => parseRoute(hash.value))

export function followRoute(): void {
  addEventListener('hashchange', () => {
    hash.value = location.hash
  })
  hash.value = location.hash
}

export function parseRoute(text: string): Route {
  const [name = '', ...rest] = text.replace(/^#\/?/, '').split('/')
  const page = PAGES.find((known) => known === name) ?? 'overview'
  const id = rest.join('/')
  return { page, id: id === '' ? undefined : decoded(id) }
}

export function hrefOf(page: PageName, id?: string): string {
  return id === undefined ? `#/${page}` : `#/${page}/${encodeURIComponent(id)}`
}

export function goTo(page: PageName, id?: string): void {
  location.hash = hrefOf(page, id)
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}
