import type { DataDirectory } from '../data-directory.ts'
import type { BackupPart } from './backup-format.ts'
import { gatherRecords } from './backup-records.ts'

/** A journal as it is now. */
export async function* journalParts(directory: DataDirectory, name: string): AsyncGenerator<BackupPart, void> {
  const copy = await directory.copyEventLog(name)
  try {
    const { snapshot, records } = copy
    if (snapshot !== undefined) {
      const bytes = new Uint8Array(8 + snapshot.payload.byteLength)
      new DataView(bytes.buffer).setBigUint64(0, BigInt(snapshot.nextIndex))
      bytes.set(snapshot.payload, 8)
      yield { name: `journals/${name}/snapshot`, bytes }
    }
    let isEmpty = true
    for await (const part of numbered(`journals/${name}`, gatherRecords(records))) {
      isEmpty = false
      yield part
    }
    if (isEmpty) yield { name: `journals/${name}/000000`, bytes: new Uint8Array(0) }
  } finally {
    await copy.release()
  }
}

/** All entries of the store, as of one moment. */
export function storeParts(directory: DataDirectory): AsyncGenerator<BackupPart, void> {
  return numbered('store', gatherRecords(storeRecords(directory)))
}

async function* storeRecords({ store }: DataDirectory): AsyncGenerator<Uint8Array, void> {
  for await (const { key, value } of store.iterate()) {
    yield new TextEncoder().encode(key)
    yield value
  }
}

async function* numbered(folder: string, parts: AsyncIterable<Uint8Array>): AsyncGenerator<BackupPart, void> {
  let number = 0
  for await (const bytes of parts) {
    yield { name: `${folder}/${number.toString().padStart(6, '0')}`, bytes }
    number += 1
  }
}
