import type { JournalFolder } from './journal-folder.ts'
import { indexOfEntry } from './journal-line.ts'

/** Entries before the cut whose text was kept all the same, because somebody may still ask for it. Where they are in the file is looked up once. */
export class KeptEntries {
  private readonly folder: JournalFolder
  /** Of the cut that they lie behind; 0 where nothing was pruned. */
  private cut = 0
  private places: Promise<ReadonlyMap<number, Place>> | undefined

  constructor(folder: JournalFolder) {
    this.folder = folder
  }

  /** Looks at the entries of another cut from now on. */
  moveTo(cut: number): void {
    this.cut = cut
    this.places = undefined
  }

  /** The canonical text of an entry; `undefined` where it was not kept. */
  async read(index: number): Promise<string | undefined> {
    if (this.cut === 0) return undefined
    const { cut, folder } = this
    this.places ??= placesOf(folder.readKept(cut))
    const place = (await this.places).get(index)
    return place && (await folder.readKeptLine(cut, place))
  }
}

type Place = { readonly start: number; readonly bytes: number }

async function placesOf(lines: AsyncIterable<string>): Promise<ReadonlyMap<number, Place>> {
  const places = new Map<number, Place>()
  const encoder = new TextEncoder()
  let start = 0
  for await (const line of lines) {
    const bytes = encoder.encode(line).byteLength
    const index = indexOfEntry(line)
    if (index !== undefined) places.set(index, { start, bytes })
    start += bytes + 1
  }
  return places
}
