import { computed, type ReadonlySignal, signal } from '@preact/signals'
import { type PageName, PAGES } from './page-names.ts'

export type Route = { readonly page: PageName; readonly id: string | undefined }

const hash = signal('')

/** Which page is shown, by the part of the address that never leaves the browser. */
export const route: ReadonlySignal<Route> = computed(() => routeOf(hash.value))

/** @param onLink  Told when another link to the dashboard is opened in this tab. */
export function followRoute(onLink: () => void): void {
  const follow = (): void => {
    if (location.hash.startsWith('#token=')) onLink()
    hash.value = location.hash
  }
  addEventListener('hashchange', follow)
  hash.value = location.hash
}

export function routeOf(text: string): Route {
  const [name = '', ...rest] = text.replace(/^#\/?/, '').split('/')
  const page = PAGES.find((known) => known === name) ?? 'overview'
  const id = rest.join('/')
  return { page, id: id === '' ? undefined : decoded(id) }
}

export function hrefOf(page: PageName, id?: string): string {
  // Half of a character has no place in an address; names that others gave may hold one.
  return id === undefined ? `#/${page}` : `#/${page}/${encodeURIComponent(id.toWellFormed())}`
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
