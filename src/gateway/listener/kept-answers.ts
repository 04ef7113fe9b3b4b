import { createHash } from 'node:crypto'
import { CodedError } from '../../base/errors.ts'
import type { TenantId } from '../../base/identifiers.ts'
import type { TenantDocuments } from '../../node/documents/tenant-documents.ts'
import type { Claim, Claims } from '../../ports/claims.ts'
import { pause } from '../tasks/pause.ts'

/** The whole answer to a request that came with a key. */
export type KeptAnswer = {
  /** Of the request. */
  readonly fingerprint: string
  readonly status: number
  /** Names and values, alternating. */
  readonly headers: readonly string[]
  readonly body: Uint8Array
}

export type AnswerName = { readonly tenant: TenantId; readonly key: string }

const LINE_BREAK = 10

export type KeptAnswersInit = {
  readonly documents: Pick<TenantDocuments, 'get' | 'put'>
  /** Of a fleet. Absent: nobody else answers. */
  readonly claims?: Claims | undefined
}

/** Either the answer, or the right to make it. */
export type FoundAnswer = { readonly kept: KeptAnswer } | { readonly claim: Claim | undefined }

/** How often somebody looks whether the answer that another gateway makes is there, milliseconds: at first, and later. */
const LOOK_MS = { first: 50, most: 1_000 } as const

/** Answers to requests with keys, on the disk, or for a fleet in its store: they outlive the process. */
export class KeptAnswers {
  readonly #documents: Pick<TenantDocuments, 'get' | 'put'>
  readonly #claims: Claims | undefined

  constructor({ documents, claims }: KeptAnswersInit) {
    this.#documents = documents
    this.#claims = claims
  }

  /** Waits while another gateway makes the answer. Throws `STORE_*`, and the signal's reason. */
  async findOrClaim(name: AnswerName, signal: AbortSignal): Promise<FoundAnswer> {
    for (let waitMs: number = LOOK_MS.first; ; waitMs = Math.min(2 * waitMs, LOOK_MS.most)) {
      const kept = await this.find(name)
      if (kept !== undefined) return { kept }
      if (this.#claims === undefined) return { claim: undefined }
      const claim = await this.#claims.take(claimOf(name))
      if (claim !== undefined) return await this.#lookAgain(name, claim)
      await pause(waitMs, signal)
      signal.throwIfAborted()
    }
  }

  /** It may have come between the look and the claim. */
  async #lookAgain(name: AnswerName, claim: Claim): Promise<FoundAnswer> {
    try {
      const kept = await this.find(name)
      if (kept === undefined) return { claim }
      await claim.release()
      return { kept }
    } catch (error: unknown) {
      await claim.release()
      throw error
    }
  }

  /** Throws `STORE_CORRUPTED`. */
  async find(name: AnswerName): Promise<KeptAnswer | undefined> {
    const bytes = await this.#documents.get(documentOf(name))
    if (bytes === undefined) return undefined
    const end = bytes.indexOf(LINE_BREAK)
    if (end < 0) throw new CodedError('STORE_CORRUPTED', { message: 'An answer that was kept has no head' })
    const head = JSON.parse(new TextDecoder().decode(bytes.subarray(0, end))) as Omit<KeptAnswer, 'body'>
    return { ...head, body: bytes.subarray(end + 1) }
  }

  /** Resolves when it survives the death of the process. */
  async keep(name: AnswerName, { body, ...head }: KeptAnswer): Promise<void> {
    await this.#documents.put(documentOf(name), Buffer.concat([Buffer.from(`${JSON.stringify(head)}\n`), body]))
  }
}

/** A key is any text that a header can hold. */
function documentOf({ tenant, key }: AnswerName): Parameters<TenantDocuments['get']>[0] {
  return { tenant, kind: 'repeated-answer', id: digestOf(key) }
}

function claimOf({ tenant, key }: AnswerName): string {
  return `answer/${tenant}/${digestOf(key)}`
}

function digestOf(key: string): string {
  return createHash('sha256').update(key).digest('hex')
}
