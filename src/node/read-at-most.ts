import { closeSync, openSync, readSync } from 'node:fs'

/** Bytes that are read of a file in one piece. */
const PIECE_BYTES = 65_536

/**
 * The first bytes of a file, and no more than `bytesMax` of them however long it is or whether it ever ends: a device, a pipe. Whoever has to know whether there was more asks
 * for one more than it takes. Throws what the file system throws.
 */
export function readAtMost(path: string, bytesMax: number): Uint8Array {
  const file = openSync(path, 'r')
  try {
    const pieces: Uint8Array[] = []
    let length = 0
    while (length < bytesMax) {
      const piece = new Uint8Array(Math.min(PIECE_BYTES, bytesMax - length))
      const count = readSync(file, piece)
      if (count === 0) break
      pieces.push(piece.subarray(0, count))
      length += count
    }
    return new Uint8Array(Buffer.concat(pieces))
  } finally {
    closeSync(file)
  }
}
