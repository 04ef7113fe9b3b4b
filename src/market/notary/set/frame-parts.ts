import { utf8Bytes } from '../../../core/text/encode-utf8.ts'
import { BODY_BYTES_MAX } from '../../../ports/transport.ts'
import { NOTARY_FRAME_BYTES_MAX } from '../../../wire/v1/notary-messages.ts'

/** In front of the bytes of a part; a whole frame begins with a brace. */
const HEADER = /^part (0|[1-9][0-9]{0,15}) ([0-9]{1,2}) ([0-9]{1,2})\n/
const HEADER_BYTES_MAX = 32
const PART_BYTES = BODY_BYTES_MAX - HEADER_BYTES_MAX
const PARTS_MAX: number = Math.ceil(NOTARY_FRAME_BYTES_MAX / PART_BYTES)

/** The parts of a frame that is larger than a question may be, in order: `part <number of the frame> <index> <count>`, a line feed, bytes. */
export function splitFrame(frame: Uint8Array, number: number): readonly Uint8Array[] {
  const count = Math.ceil(frame.byteLength / PART_BYTES)
  return Array.from({ length: count }, (_, index) => {
    const header = utf8Bytes(`part ${number} ${index} ${count}\n`)
    const piece = frame.subarray(index * PART_BYTES, (index + 1) * PART_BYTES)
    const part = new Uint8Array(header.byteLength + piece.byteLength)
    part.set(header)
    part.set(piece, header.byteLength)
    return part
  })
}

type Assembly = { readonly number: string; readonly count: number; readonly pieces: Uint8Array[] }

/** Puts the parts of frames together: one frame of each member at a time, whose parts come in order. What is lost on the way is sent again as another frame. */
export class FrameParts {
  private readonly assemblies = new Map<number, Assembly>()

  /** @returns The frame when it is whole, `'more'` while it is not, `undefined` for what is no part that follows. */
  take(from: number, body: Uint8Array): Uint8Array | 'more' | undefined {
    const [header, number = '', indexText, countText] = HEADER.exec(asciiStart(body)) ?? []
    const [index, count] = [Number(indexText), Number(countText)]
    if (header === undefined || count < 1 || count > PARTS_MAX || index >= count) return undefined
    const known = this.assemblies.get(from)
    const assembly = index === 0 ? { number, count, pieces: [] } : known
    if (assembly?.number !== number || assembly.count !== count || assembly.pieces.length !== index) return undefined
    assembly.pieces.push(body.slice(header.length))
    if (assembly.pieces.length < count) {
      this.assemblies.set(from, assembly)
      return 'more'
    }
    this.assemblies.delete(from)
    return joined(assembly.pieces)
  }
}

export function isPart(body: Uint8Array): boolean {
  return body[0] === 0x70
}

function asciiStart(body: Uint8Array): string {
  return String.fromCharCode(...body.subarray(0, HEADER_BYTES_MAX))
}

function joined(pieces: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(pieces.reduce((sum, { byteLength }) => sum + byteLength, 0))
  let at = 0
  for (const piece of pieces) {
    whole.set(piece, at)
    at += piece.byteLength
  }
  return whole
}
