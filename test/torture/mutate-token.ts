/** Draws an integer from 0 to `below` - 1. */
export type Draw = (below: number) => number

/** Bytes that begin something in CBOR, and lengths that lie. */
const TELLING_BYTES = [
  0x00, 0x18, 0x1b, 0x3b, 0x40, 0x5b, 0x60, 0x7b, 0x80, 0x9b, 0x9f, 0xa0, 0xbb, 0xbf, 0xd8, 0xf6, 0xfb, 0xff,
]

/** A capability token with one to eight changes: bits, bytes that begin something, pieces left out, repeated or moved. */
export function mutateToken(token: Uint8Array, draw: Draw): Uint8Array {
  let bytes = token
  for (let left = 1 + draw(8); left > 0; left -= 1) bytes = mutateOnce(bytes, draw)
  return bytes
}

function mutateOnce(bytes: Uint8Array, draw: Draw): Uint8Array {
  const at = draw(bytes.length + 1)
  const length = draw(16)
  switch (draw(6)) {
    case 0:
      return at < bytes.length ? bytes.with(at, (bytes[at] ?? 0) ^ (1 << draw(8))) : bytes
    case 1:
      return at < bytes.length ? bytes.with(at, TELLING_BYTES[draw(TELLING_BYTES.length)] ?? 0) : bytes
    case 2:
      return spliced(bytes, { at, removed: length, added: [] })
    case 3:
      return spliced(bytes, { at, removed: 0, added: [...bytes.subarray(at, at + length)] })
    case 4:
      return spliced(bytes, {
        at,
        removed: 0,
        added: Array.from({ length: draw(4) === 0 ? 64 : 1 }, () => TELLING_BYTES[draw(TELLING_BYTES.length)] ?? 0),
      })
    default:
      return bytes.slice(0, at)
  }
}

type Splice = { readonly at: number; readonly removed: number; readonly added: readonly number[] }

function spliced(bytes: Uint8Array, { at, removed, added }: Splice): Uint8Array {
  return Uint8Array.from([...bytes.subarray(0, at), ...added, ...bytes.subarray(at + removed)])
}
