import type { Json } from '../connection/json-value.ts'

const VIEWS_MAX = 64

/** The last answers, so that a page that is opened again shows something at once. They are of one viewer, and go with it. */
const known = new Map<string, Json>()

export function knownView(path: string | undefined): Json | undefined {
  return path === undefined ? undefined : known.get(path)
}

export function rememberView(path: string, data: Json): void {
  known.delete(path)
  known.set(path, data)
  const [oldest] = known.keys()
  if (known.size > VIEWS_MAX && oldest !== undefined) known.delete(oldest)
}

export function forgetViews(): void {
  known.clear()
}
