import type { Sha256Hex } from '../../../base/sha256.ts'
import { type Certificate, certificatesOf } from '../../../core/notary/certificate.ts'
import type { NotarySet } from '../../../core/notary/notary-set.ts'
import { bytesOfVote, type VoteStatement } from '../../../core/notary/statement.ts'
import type { BatchSigner } from '../../../ports/signer.ts'
import { encodeSignature } from '../../../wire/v1/checkpoint.ts'
import { formatReceipt, type NotaryStatement, statementSigningBytes } from '../../../wire/v1/notary-receipt.ts'
import { encodeText } from '../../../wire/v1/platform-text.ts'
import type { Waiter } from '../admission.ts'
import type { HighWaterFile } from '../high-water.ts'
import type { ArchivedEntry } from '../books/archive-contents.ts'
import type { NamedBlock, NotaryArchive } from '../books/notary-archive.ts'

export type SoloReceiptsComponents = {
  readonly set: NotarySet
  readonly signer: BatchSigner
  readonly archive: NotaryArchive
  readonly highWater: Pick<HighWaterFile, 'write'>
  readonly hash: Sha256Hex
}

export type Statement = { readonly statement: NotaryStatement; readonly waiter: Waiter }

export type Asked = { readonly waiter: Waiter; readonly isNew: boolean }

/** Blocks whose certificates stay at hand for whoever asks again. */
const CERTIFICATES_KEPT = 32

/** What a notary that is alone in its set says of blocks that are durable: one signature for each block, from which the receipts of its entries follow. */
export class SoloReceipts {
  private readonly components: SoloReceiptsComponents
  private readonly certificates = new Map<number, readonly Certificate[]>()

  constructor(components: SoloReceiptsComponents) {
    this.components = components
  }

  /** The certificate of an entry of a block that is durable. A statement that was signed before is signed again to the same bytes. */
  async certificateOf({ slot, index }: ArchivedEntry): Promise<Certificate | undefined> {
    return (await this.certificatesOfSlot(slot))[index]
  }

  async receiptOf(entry: ArchivedEntry): Promise<Uint8Array | undefined> {
    const certificate = await this.certificateOf(entry)
    return certificate && this.format(entry, certificate)
  }

  /** Signs a block, once the high-water file says that it was signed, and what is said of messages that are in no block. */
  async signAll(named: NamedBlock | undefined, statements: readonly Statement[]): Promise<void> {
    const { set, signer, highWater, hash } = this.components
    const toSign: Uint8Array[] = []
    const vote = named && voteOf(named)
    if (vote !== undefined) {
      await highWater.write({ epoch: set.epoch, position: { view: vote.view, slot: vote.slot, phase: vote.phase } })
      toSign.push(bytesOfVote(set, vote))
    }
    for (const { statement } of statements) toSign.push(statementSigningBytes(set.id, statement, hash))
    const signatures = (await signer.signBatch(toSign)).map(encodeSignature)
    if (named !== undefined && vote !== undefined) {
      const signature = signatures.shift() ?? ''
      const quorum = { ...vote, signatures: [{ member: 0, signature }] }
      this.keep(vote.slot, certificatesOf(set, { block: named.block, quorum }, hash))
    }
    for (const [index, { statement, waiter }] of statements.entries()) {
      const { effect, code } = statement
      const signed = [{ member: 0, signature: signatures[index] ?? '' }]
      const receipt = encodeText(formatReceipt(set.id, { kind: 'statement', statement, signatures: signed }))
      waiter.resolve({ effect, code, receipt })
    }
  }

  /** What answers whoever waits for an entry. `isNew`: this very message made it. */
  async answerOf(entry: ArchivedEntry, asked: Asked): Promise<(() => void) | undefined> {
    const certificate = (await this.certificatesOfSlot(entry.slot))[entry.index]
    return certificate && this.answerWith(certificate, entry, asked)
  }

  /** The same at once for an entry of a block that is at hand. */
  answerAtHand(entry: ArchivedEntry, asked: Asked): (() => void) | undefined {
    const certificate = this.certificates.get(entry.slot)?.[entry.index]
    return certificate && this.answerWith(certificate, entry, asked)
  }

  private answerWith(certificate: Certificate, entry: ArchivedEntry, { waiter, isNew }: Asked): () => void {
    const { effect, code } = entry.transition
    const receipt = this.format(entry, certificate)
    return () => waiter.resolve({ effect: effect === 'applied' && !isNew ? 'exists' : effect, code, receipt })
  }

  private format({ transition }: ArchivedEntry, certificate: Certificate): Uint8Array {
    return encodeText(formatReceipt(this.components.set.id, { kind: 'transition', transition, certificate }))
  }

  private async certificatesOfSlot(slot: number): Promise<readonly Certificate[]> {
    const known = this.certificates.get(slot)
    if (known !== undefined) return known
    const made = await this.signAgain(slot)
    this.keep(slot, made)
    return made
  }

  private async signAgain(slot: number): Promise<readonly Certificate[]> {
    const { set, signer, archive, hash } = this.components
    const named = archive.named(slot)
    if (named === undefined) return []
    const vote = voteOf(named)
    const [signature] = await signer.signBatch([bytesOfVote(set, vote)])
    if (signature === undefined) return []
    const quorum = { ...vote, signatures: [{ member: 0, signature: encodeSignature(signature) }] }
    return certificatesOf(set, { block: named.block, quorum }, hash)
  }

  private keep(slot: number, certificates: readonly Certificate[]): void {
    this.certificates.set(slot, certificates)
    const [oldest] = this.certificates.keys()
    if (this.certificates.size > CERTIFICATES_KEPT && oldest !== undefined) this.certificates.delete(oldest)
  }
}

/** The only member signs each block once, in view 0. */
function voteOf({ block: { slot }, hash }: NamedBlock): VoteStatement {
  return { phase: 'commit', view: 0, slot, block: hash }
}
