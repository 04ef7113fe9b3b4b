import { crc32, deflateSync } from 'node:zlib'
import type { Raster } from '../../../learning/plot/rasterise.ts'

const SIGNATURE = Uint8Array.of(0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a)
const BYTES_PER_DOT = 3

/** A picture as a PNG file: eight bits each for red, green and blue (PNG specification, third edition, sections 5 and 11). */
export function encodePng({ width, height, pixels }: Raster): Uint8Array {
  const header = Buffer.alloc(13)
  header.writeUInt32BE(width, 0)
  header.writeUInt32BE(height, 4)
  // Bit depth 8, colour type 2 (red, green, blue), no interlace.
  header.set([8, 2, 0, 0, 0], 8)
  const lines = Buffer.alloc(height * (1 + width * BYTES_PER_DOT))
  let at = 0
  for (let row = 0; row < height; row += 1) {
    // Filter 0: lines are stored as they are; plain areas compress well without.
    at += 1
    for (let column = 0; column < width; column += 1) {
      const dot = (row * width + column) * 4
      lines.set(pixels.subarray(dot, dot + BYTES_PER_DOT), at)
      at += BYTES_PER_DOT
    }
  }
  return Buffer.concat([
    SIGNATURE,
    chunk('IHDR', header),
    chunk('IDAT', deflateSync(lines)),
    chunk('IEND', Buffer.alloc(0)),
  ])
}

function chunk(type: string, data: Uint8Array): Buffer {
  const body = Buffer.concat([Buffer.from(type, 'latin1'), data])
  const length = Buffer.alloc(4)
  length.writeUInt32BE(data.byteLength)
  const checksum = Buffer.alloc(4)
  checksum.writeUInt32BE(crc32(body))
  return Buffer.concat([length, body, checksum])
}
