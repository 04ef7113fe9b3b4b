import { canonicalJson } from '../../../base/canonical-json.ts'
import type { Timestamp } from '../../../base/time.ts'
import type { ContractId, Did, Hash } from '../../../core/evidence/names.ts'
import type { TransferId } from '../../../core/ledger/ledger-names.ts'
import type { ChainPlace } from './describe-transition.ts'
import type { ArchivedBlock, ArchivedEntry, ArchiveContents, ContractFile, OutsideMessage } from './archive-contents.ts'

/**
 * What a notary has answered, line by line, for a start that does not read the journal from its first entry. It follows from the journal, so nobody signs it; who
 * keeps it holds it to the hash of its lines.
 *
 * ```text
 * {"archive":{"chain":{...},"count":N,"v":1}}
 * {"block":{"at","entries":[{"entry","isMessage","transition","transitionHash"},...],"previous","slot","stateBefore"}}     oldest first
 * {"file":{"contract","entries":[[SLOT,INDEX],...],"nonces":[[KEY,MESSAGE],...],"transfers":[...],"auction"?,"result"?}}
 * {"outside":{"exp","iss","message","nonce","place":[SLOT,INDEX]}}
 * ```
 */
export function* archiveLines({
  chain,
  count,
  blocks,
  files,
  outside,
}: ArchiveContents): Generator<string, void, undefined> {
  yield canonicalJson({ archive: { chain, count, v: 1 } })
  for (const { slot, at, previous, stateBefore, entries } of blocks) {
    const rows = entries.map(({ entry, isMessage, transition, transitionHash }) => ({
      entry,
      isMessage,
      transition,
      transitionHash,
    }))
    yield canonicalJson({ block: { slot, at, previous, stateBefore, entries: rows } })
  }
  for (const [contract, file] of files) {
    const { auction, result } = file
    yield canonicalJson({
      file: {
        contract,
        entries: file.entries.map(placeOf),
        nonces: [...file.nonces],
        transfers: [...file.transfers],
        ...(auction !== undefined && { auction }),
        ...(result !== undefined && { result }),
      },
    })
  }
  for (const { iss, nonce, exp, archived } of outside)
    yield canonicalJson({
      outside: { iss, nonce, exp, message: archived.transition.message, place: placeOf(archived) },
    })
}

type Place = readonly [number, number]

function placeOf({ slot, index }: ArchivedEntry): Place {
  return [slot, index]
}

type WrittenBlock = Omit<ArchivedBlock, 'entries'> & {
  readonly entries: readonly Omit<ArchivedEntry, 'slot' | 'index'>[]
}
type WrittenFile = {
  readonly contract: ContractId
  readonly entries: readonly Place[]
  readonly nonces: readonly (readonly [string, Hash])[]
  readonly transfers: readonly TransferId[]
  readonly auction?: Hash
  readonly result?: Hash
}
type WrittenOutside = { readonly iss: Did; readonly nonce: string; readonly exp: Timestamp; readonly place: Place }
type WrittenLine = {
  readonly archive?: { readonly chain: ChainPlace; readonly count: number; readonly v: number }
  readonly block?: WrittenBlock
  readonly file?: WrittenFile
  readonly outside?: WrittenOutside
}

/** Takes the lines of `archiveLines` as JSON, one after the other. They were written here, and their hash was looked at. */
export class ArchiveReader {
  private head: WrittenLine['archive']
  private readonly blocks: ArchivedBlock[] = []
  private readonly files = new Map<ContractId, ContractFile>()
  private readonly outside: OutsideMessage[] = []
  private readonly entries = new Map<number, readonly ArchivedEntry[]>()
  private isSound = true

  add(json: unknown): boolean {
    // Written by `archiveLines`, under a hash.
    const { archive, block, file, outside } = json as WrittenLine
    if (archive !== undefined) this.head = archive
    else if (block !== undefined) this.addBlock(block)
    else if (file !== undefined) this.addFile(file)
    else if (outside !== undefined) this.addOutside(outside)
    else this.isSound = false
    return this.isSound
  }

  /** `undefined` where the lines were not those of an archive. */
  end(): ArchiveContents | undefined {
    const { head, blocks, files, outside, isSound } = this
    if (!isSound || head?.v !== 1) return undefined
    return { chain: head.chain, count: head.count, blocks, files, outside }
  }

  private addBlock({ slot, at, previous, stateBefore, entries: rows }: WrittenBlock): void {
    const entries = rows.map((row, index): ArchivedEntry => ({ slot, index, ...row }))
    this.entries.set(slot, entries)
    this.blocks.push({ slot, at, previous, stateBefore, entries })
  }

  private addFile({ contract, entries, nonces, transfers, auction, result }: WrittenFile): void {
    this.files.set(contract, {
      entries: entries.flatMap((place) => this.entryAt(place)),
      nonces: new Map(nonces),
      transfers: new Set(transfers),
      auction,
      result,
    })
  }

  private addOutside({ place, ...head }: WrittenOutside): void {
    for (const archived of this.entryAt(place)) this.outside.push({ ...head, archived })
  }

  private entryAt([slot, index]: Place): readonly ArchivedEntry[] {
    const entry = this.entries.get(slot)?.[index]
    if (entry === undefined) this.isSound = false
    return entry === undefined ? [] : [entry]
  }
}
