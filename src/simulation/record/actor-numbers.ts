import type { Cell, CellHost } from '../../actors/cell/cell.ts'
import type { RecordWriter } from './record-writer.ts'

/** An actor system of the run, by its place among them, and which of its actors were named already, a bit each. */
type KnownSystem = { readonly place: number; seen: Uint8Array }

const SEEN_BYTES = 128

/** Writes who an actor is: its system, its number in it, and, where either appears first, its name. */
export class ActorNumbers {
  private readonly writer: RecordWriter
  private readonly systems = new WeakMap<CellHost, KnownSystem>()
  private count = 0
  /** Of the actor that was written last. */
  private lastHost: CellHost | undefined
  private last: KnownSystem = { place: -1, seen: new Uint8Array() }

  constructor(writer: RecordWriter) {
    this.writer = writer
  }

  write(cell: Cell): void {
    const { writer } = this
    const { system, number } = cell
    if (system !== this.lastHost) this.turnTo(system)
    const { last } = this
    writer.whole(last.place)
    const at = number >>> 3
    if (at >= last.seen.length) last.seen = grown(last.seen, at)
    const bit = 1 << (number & 7)
    const seen = last.seen[at] ?? 0
    if ((seen & bit) !== 0) {
      writer.whole(2 * number)
      return
    }
    last.seen[at] = seen | bit
    writer.whole(2 * number + 1)
    writer.text(system.nodeName)
    writer.text(cell.name ?? '')
    writer.whole(cell.parent === undefined ? 0 : cell.parent.number + 1)
  }

  private turnTo(host: CellHost): void {
    let known = this.systems.get(host)
    if (known === undefined) {
      known = { place: this.count, seen: new Uint8Array(SEEN_BYTES) }
      this.count += 1
      this.systems.set(host, known)
    }
    this.lastHost = host
    this.last = known
  }
}

function grown(seen: Uint8Array, at: number): Uint8Array {
  const larger = new Uint8Array(Math.max(2 * seen.length, at + 1))
  larger.set(seen)
  return larger
}
