import type { AnyEventObject } from 'xstate'

type Listener = (event: AnyEventObject) => void

/** Who on this thread listens to what an actor of another one emits, by the event's type; `*` for all. */
export class EmittedListeners {
  /** Made when it is needed: there is one of these per reference, and hardly any has listeners. */
  private byType: Map<string, Set<Listener>> | undefined = undefined

  get types(): readonly string[] {
    return this.byType === undefined ? [] : [...this.byType.keys()]
  }

  /** @returns Whether it is the first of its type. */
  add(type: string, listener: Listener): boolean {
    this.byType ??= new Map()
    const ofType = this.byType.get(type)
    if (ofType === undefined) this.byType.set(type, new Set([listener]))
    else ofType.add(listener)
    return ofType === undefined
  }

  /** @returns Whether it was the last of its type. */
  remove(type: string, listener: Listener): boolean {
    const ofType = this.byType?.get(type)
    if (ofType?.delete(listener) !== true || ofType.size > 0) return false
    return this.byType?.delete(type) === true
  }

  of(type: string): readonly Listener[] {
    return [...(this.byType?.get(type) ?? [])]
  }

  clear(): void {
    this.byType = undefined
  }
}
