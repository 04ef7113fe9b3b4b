import { damaged, PART_BYTES } from './backup-format.ts'

/** Byte strings, each behind its length (u32), gathered to parts of about `PART_BYTES`. */
export async function* gatherRecords(records: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array, void> {
  let pieces: Uint8Array[] = []
  let size = 0
  for await (const record of records) {
    pieces.push(record)
    size += 4 + record.byteLength
    if (size < PART_BYTES) continue
    yield joinRecords(pieces, size)
    pieces = []
    size = 0
  }
  if (pieces.length > 0) yield joinRecords(pieces, size)
}

function joinRecords(records: readonly Uint8Array[], size: number): Uint8Array {
  const bytes = new Uint8Array(size)
  const view = new DataView(bytes.buffer)
  let offset = 0
  for (const record of records) {
    view.setUint32(offset, record.byteLength)
    bytes.set(record, offset + 4)
    offset += 4 + record.byteLength
  }
  return bytes
}

/** What `gatherRecords` put into one part. Throws `BACKUP_DAMAGED`. */
export function splitRecords(bytes: Uint8Array): readonly Uint8Array[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const records: Uint8Array[] = []
  let offset = 0
  while (offset < bytes.byteLength) {
    const length = offset + 4 <= bytes.byteLength ? view.getUint32(offset) : Number.POSITIVE_INFINITY
    if (offset + 4 + length > bytes.byteLength) throw damaged('a record is cut off')
    records.push(bytes.subarray(offset + 4, offset + 4 + length))
    offset += 4 + length
  }
  return records
}
