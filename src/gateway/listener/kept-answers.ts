import { createHash } from 'node:crypto'
import { CodedError } from '../../base/errors.ts'
import type { TenantId } from '../../base/identifiers.ts'
import type { TenantDocuments } from '../../node/documents/tenant-documents.ts'

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

/** Answers to requests with keys, on the disk: they outlive the process. */
export class KeptAnswers {
  readonly #documents: Pick<TenantDocuments, 'get' | 'put'>

  constructor(documents: Pick<TenantDocuments, 'get' | 'put'>) {
    this.#documents = documents
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
  return { tenant, kind: 'repeated-answer', id: createHash('sha256').update(key).digest('hex') }
}
