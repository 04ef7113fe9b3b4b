import { CodedError } from '../../../base/errors.ts'
import { actorFromImage, imageOf, newDurableState, packState, parseActorImage } from '../state/durable-actor.ts'
import type { DurableActor, DurableState } from '../state/durable-actor.ts'
import { applyRecord } from '../state/durable-state.ts'
import { JOURNAL_FORMAT } from '../state/journal-record.ts'
import { sealRoot } from '../values/stored-value.ts'
import type { ReferenceCodec } from '../values/stored-value.ts'
import { decodeValue, encodeValue } from '../values/value-codec.ts'
import { decodeRecord } from './journal-codec.ts'

/**
 * A checkpoint is the snapshot that replaces the records of the journal. It is made while the actors go on:
 *
 * ```text
 * begin    from now on, every record is noted; an actor that is about to change is encoded first
 * slices   the other actors are encoded, a few at a time
 * finish   what was encoded is the store as of `begin`; with the records noted since it is the store as of now
 *
 * layout   header size u32 | header | per actor: image size u32, state size u32, image, state | per record: size u32, record
 * ```
 */
const SLICE_ACTORS = 128
const SLICE_BYTES = 256 * 1024

type Piece = { readonly actor: DurableActor; readonly image: Uint8Array; readonly state: Uint8Array }

export class CheckpointWriter {
  readonly #incarnationNext: number
  readonly #remaining: Iterator<DurableActor>
  readonly #references: ReferenceCodec | undefined
  /** Encoded, or made after the beginning. */
  readonly #settled = new Set<DurableActor>()
  readonly #pieces: Piece[] = []
  readonly #records: Uint8Array[] = []

  constructor(state: DurableState, references?: ReferenceCodec) {
    this.#incarnationNext = state.incarnationNext
    this.#remaining = state.actors.values()
    this.#references = references
  }

  /** `payload` is about to be applied and will change `actors`. */
  note(payload: Uint8Array, actors: Iterable<DurableActor>): void {
    for (const actor of actors) this.#encode(actor)
    this.#records.push(payload)
  }

  /** `actor` was made by a record that was noted. */
  noteNew(actor: DurableActor): void {
    this.#settled.add(actor)
  }

  /** Encodes some more actors; false when all are. */
  encodeSlice(): boolean {
    let bytes = 0
    for (let count = 0; count < SLICE_ACTORS && bytes < SLICE_BYTES; count += 1) {
      const next = this.#remaining.next()
      if (next.done === true) return false
      bytes += this.#encode(next.value)
    }
    return true
  }

  finish(): Checkpoint {
    while (this.encodeSlice());
    const value = {
      format: JOURNAL_FORMAT,
      incarnationNext: this.#incarnationNext,
      actors: this.#pieces.length,
      records: this.#records.length,
    }
    const header = encodeValue(value, false)
    const payload = new Uint8Array(
      4 +
        header.length +
        this.#pieces.reduce((size, { image, state }) => size + 8 + image.length + state.length, 0) +
        this.#records.reduce((size, record) => size + 4 + record.length, 0),
    )
    const writer = new PieceWriter(payload)
    writer.writePieces([header])
    const stateOffsets = this.#pieces.map(({ image, state }) => writer.writePieces([image, state]) - state.length)
    for (const record of this.#records) writer.writePieces([record])
    return { payload, adopt: () => this.#adopt(payload, stateOffsets) }
  }

  /** Lets packed states point into the new payload, so that the old one can be forgotten. */
  #adopt(payload: Uint8Array, stateOffsets: readonly number[]): void {
    for (const [index, { actor, state }] of this.#pieces.entries()) {
      const offset = stateOffsets[index] ?? 0
      if (actor.state.kind !== 'packed' || actor.state.bytes !== state) continue
      actor.state = { ...actor.state, bytes: payload.subarray(offset, offset + state.length) }
    }
  }

  #encode(actor: DurableActor): number {
    if (this.#settled.has(actor)) return 0
    this.#settled.add(actor)
    const piece = { actor, ...encodeActor(actor, this.#references) }
    this.#pieces.push(piece)
    return piece.image.length + piece.state.length
  }
}

export type Checkpoint = {
  readonly payload: Uint8Array
  /** Call when the payload has become the log's snapshot. */
  adopt(): void
}

export function encodeActor(
  actor: DurableActor,
  references?: ReferenceCodec,
): { readonly image: Uint8Array; readonly state: Uint8Array } {
  const image = imageOf(actor)
  return {
    image: encodeValue(image, sealRoot(image, actor.id, references), references),
    state: packState(actor, references),
  }
}

/** @throws `STORE_CORRUPTED`, `STORE_FORMAT_NEWER`. */
export function readCheckpoint(payload: Uint8Array, references?: ReferenceCodec): DurableState {
  const reader = new PieceReader(payload)
  const [headerBytes = new Uint8Array()] = reader.readPieces(1)
  const header = decodeValue(headerBytes)
  const { format, incarnationNext, actors, records } = parseHeader(header)
  if (format > JOURNAL_FORMAT) {
    throw new CodedError('STORE_FORMAT_NEWER', {
      message: `The stored actors have format ${format}; this version reads up to ${JOURNAL_FORMAT}`,
      details: { found: format, supported: JOURNAL_FORMAT },
    })
  }
  const state = newDurableState()
  state.incarnationNext = incarnationNext
  for (let count = 0; count < actors; count += 1) {
    const [imageBytes = headerBytes, bytes = headerBytes] = reader.readPieces(2)
    const image = parseActorImage(decodeValue(imageBytes, references))
    if (image === undefined) throw damagedError()
    state.actors.set(image.id, actorFromImage(image, { kind: 'packed', bytes, deltas: [] }))
  }
  for (let count = 0; count < records; count += 1) {
    const [record = headerBytes] = reader.readPieces(1)
    applyRecord(state, decodeRecord(record, references))
  }
  return state
}

type Header = {
  readonly format: number
  readonly incarnationNext: number
  readonly actors: number
  readonly records: number
}

function parseHeader(value: unknown): Header {
  if (typeof value !== 'object' || value === null) throw damagedError()
  const header = value as Record<keyof Header, unknown>
  const { format, incarnationNext, actors, records } = header
  if (![format, incarnationNext, actors, records].every((member) => Number.isSafeInteger(member))) throw damagedError()
  return header as Header
}

/** Sizes first, then the pieces themselves. */
class PieceWriter {
  readonly #bytes: Uint8Array
  readonly #view: DataView
  #offset = 0

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  }

  /** @returns The offset behind the last piece. */
  writePieces(pieces: readonly Uint8Array[]): number {
    for (const piece of pieces) {
      this.#view.setUint32(this.#offset, piece.length, true)
      this.#offset += 4
    }
    for (const piece of pieces) {
      this.#bytes.set(piece, this.#offset)
      this.#offset += piece.length
    }
    return this.#offset
  }
}

class PieceReader {
  readonly #bytes: Uint8Array
  readonly #view: DataView
  #offset = 0

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  }

  readPieces(count: number): readonly Uint8Array[] {
    if (this.#offset + 4 * count > this.#bytes.length) throw damagedError()
    const sizes = Array.from({ length: count }, (_, index) => this.#view.getUint32(this.#offset + 4 * index, true))
    this.#offset += 4 * count
    return sizes.map((size) => {
      const end = this.#offset + size
      if (end > this.#bytes.length) throw damagedError()
      const piece = this.#bytes.subarray(this.#offset, end)
      this.#offset = end
      return piece
    })
  }
}

function damagedError(): CodedError {
  return new CodedError('STORE_CORRUPTED', { message: 'The checkpoint of the stored actors is damaged' })
}
