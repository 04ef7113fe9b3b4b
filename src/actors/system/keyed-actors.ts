/** Actors under the `systemId` that XState's logic gave them. */
export class KeyedActors {
  #byKey: Map<string, unknown> | undefined
  #keys: WeakMap<object, string> | undefined

  get(key: string): unknown {
    return this.#byKey?.get(key)
  }

  all(): Record<string, unknown> {
    return Object.fromEntries(this.#byKey ?? [])
  }

  set(key: string, actor: unknown): void {
    this.#byKey ??= new Map()
    this.#keys ??= new WeakMap()
    const existing = this.#byKey.get(key)
    // The message is XState's own: logic that catches it may look at it.
    if (existing !== undefined && existing !== actor) throw new Error(`Actor with system ID '${key}' already exists.`)
    this.#byKey.set(key, actor)
    this.#keys.set(actor as object, key)
  }

  remove(actor: unknown): void {
    const key = this.#keys?.get(actor as object)
    if (key === undefined) return
    this.#keys?.delete(actor as object)
    this.#byKey?.delete(key)
  }
}
