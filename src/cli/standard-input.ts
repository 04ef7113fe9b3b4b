import { usageError } from './flags.ts'

/** Bytes of a standard input that a command reads to its end: more is no task, and no input of a program, but a mistake that would take all memory. */
export const STANDARD_INPUT_BYTES_MAX = 67_108_864

/** Everything that comes, to its end. Throws `COMMAND_INVALID` as soon as it is more than `bytesMax`, and reads no further. */
export async function readToEnd(
  stream: AsyncIterable<Uint8Array | string>,
  bytesMax: number = STANDARD_INPUT_BYTES_MAX,
): Promise<Uint8Array> {
  const pieces: Uint8Array[] = []
  let count = 0
  for await (const piece of stream) {
    const bytes = typeof piece === 'string' ? new TextEncoder().encode(piece) : piece
    count += bytes.length
    if (count > bytesMax) throw usageError(`Standard input is longer than ${bytesMax} bytes`, { bytesMax })
    pieces.push(bytes)
  }
  return Buffer.concat(pieces)
}
