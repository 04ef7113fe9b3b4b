import { createHash } from 'node:crypto'
import { CodedError } from '../../base/errors.ts'
import { asAnthropicFailure, formatAnthropicFailure } from '../anthropic/anthropic-failure.ts'
import { describeFailure, formatFailure } from '../describe-failure.ts'
import type { GatewayContext } from '../exchange.ts'
import { nowS } from '../tasks/now-seconds.ts'
import { pause } from '../tasks/pause.ts'
import { type BatchDocument, type BatchStatus, findBatch, hasEnded, keepBatch } from './batch-document.ts'
import { KeptFiles } from './kept-files.ts'
import { BATCH_ENDPOINTS, type BatchLine, fault, parseBatchLines } from './parse-batch-lines.ts'

/** How often a task is tried whose failure may pass, and the longest wait before it is tried again. */
const TRIES_MAX = 3
const WAIT_MS_FIRST = 500
const WAIT_MS_MAX = 60_000

/** Why a run was ended from outside. */
export const CANCELLED = 'cancelled'
export const EXPIRED = 'expired'
/** Somebody deleted what there is of it. */
const GONE = 'gone'

type Counts = { total: number; completed: number; failed: number }

/** What is kept of a task that has ended, as the line of the output file. */
type KeptLine = { readonly custom_id: string; readonly isFailure: boolean; readonly line: string }

/** Where it is kept. */
type KeptPlace = {
  readonly kept: KeptLine
  readonly id: string
  /** Of those of its batch. */
  readonly order: number
  /** Whether one before it is of the same task. */
  readonly isRepeated: boolean
}

/**
 * One batch from its file to its output. Each result is kept when it is there, so that after a restart what has ended is not done again; a task
 * that was under way is.
 */
export class BatchRun {
  readonly #context: GatewayContext
  readonly #controller = new AbortController()
  #batch: BatchDocument
  readonly #counts: Counts = { total: 0, completed: 0, failed: 0 }
  #kept: Promise<void> = Promise.resolve()
  /** Counts that were told last. */
  #told = ''
  #isTakenAway = false
  /** Of the next line that is kept. */
  #order = 0

  constructor(context: GatewayContext, batch: BatchDocument) {
    this.#context = context
    this.#batch = batch
  }

  /** As it is now. */
  get batch(): BatchDocument {
    const { body } = this.#batch
    const isKnown = this.#counts.total > 0
    return isKnown ? { ...this.#batch, body: { ...body, request_counts: { ...this.#counts } } } : this.#batch
  }

  /** Ends it: `CANCELLED`, `EXPIRED`, or an error, after which it goes on when the node is there again. */
  end(reason: typeof CANCELLED | typeof EXPIRED | CodedError): void {
    this.#controller.abort(reason)
  }

  /** Takes it as it is in the store, where others may have worked on it. Resolves to whether there is something left to do. */
  async readAnew(): Promise<boolean> {
    const stored = await this.#read()
    if (stored === undefined || hasEnded(stored)) return false
    this.#batch = stored
    return true
  }

  /** Tells other gateways how far it is. Throws what the store throws. */
  async tellProgress(): Promise<void> {
    const { total, completed, failed } = this.#counts
    const news = `${completed} ${failed}`
    if (total === 0 || news === this.#told || this.#batch.body.status !== 'in_progress' || this.#isTakenAway) return
    this.#told = news
    await this.#keepBatch()
  }

  /** Another gateway may work on it now: it ends, and nothing of it is written any more. */
  takeAway(reason: CodedError): void {
    this.#isTakenAway = true
    this.end(reason)
  }

  async #read(): Promise<BatchDocument | undefined> {
    const { body, who } = this.#batch
    return await findBatch(this.#context.node.documents, who.caller.tenant, body.id)
  }

  /** Resolves when it has ended, and when it was told to end. Throws what the store throws. */
  async run(): Promise<void> {
    try {
      await this.#runToEnd()
    } catch (error) {
      if (!CodedError.is(error, 'DOCUMENTS_FULL')) throw error
      await this.#fail('documents_full', error.message)
    }
  }

  async #runToEnd(): Promise<void> {
    const { body, who } = this.#batch
    const files = new KeptFiles(this.#context.node.documents, who.caller.tenant)
    const content = await files.content(body.input_file_id).catch((error: unknown) => {
      if (CodedError.is(error, 'DOCUMENT_UNKNOWN')) return undefined
      throw error
    })
    const parsed = content === undefined ? undefined : parseBatchLines(content, body.endpoint)
    if (parsed?.isSound !== true) return await this.#fail('input_file_gone', 'The input file is no longer there')
    const done = await this.#readDone()
    this.#counts.total = parsed.lines.length
    if (body.status === 'validating') await this.#become('in_progress', { in_progress_at: nowS() })
    const open = parsed.lines.filter(({ customId }) => !done.has(customId))
    const timer = setTimeout(() => this.end(EXPIRED), Math.max(0, body.expires_at * 1_000 - Date.now()))
    if (body.cancelling_at !== null) this.end(CANCELLED)
    try {
      await this.#runLines(open)
    } finally {
      clearTimeout(timer)
    }
    const { reason, aborted } = this.#controller.signal
    if (!aborted) await this.#finish('completed', [])
    else if (reason === CANCELLED || reason === EXPIRED) await this.#finish(reason, await this.#openLines(parsed.lines))
  }

  async #runLines(lines: readonly BatchLine[]): Promise<void> {
    const next = lines.values()
    const work = async (): Promise<void> => {
      for (const line of next) {
        if (this.#controller.signal.aborted) return
        await this.#runLine(line)
      }
    }
    await Promise.all(Array.from({ length: this.#context.limits.batchConcurrency }, work))
  }

  async #runLine({ customId, body }: BatchLine): Promise<void> {
    const { signal } = this.#controller
    const { id, endpoint } = this.#batch.body
    const complete = BATCH_ENDPOINTS.get(endpoint)
    if (complete === undefined) throw new Error('A batch has an endpoint that is known')
    const requestId = `${id}-${this.#context.nextId()}`
    const { who, headers } = this.#batch
    const origin = { request: { headers }, requestId, who: { ...who, role: undefined }, signal, span: undefined }
    for (let tries = 1; ; tries += 1) {
      try {
        await this.#keep(customId, { requestId, status: 200, text: await complete(body, origin, this.#context) })
        return
      } catch (error) {
        if (signal.aborted) return
        if (!CodedError.is(error)) this.#context.onFailure(error, requestId)
        const described = describeFailure(error, requestId)
        if (described.isRetryable && tries < TRIES_MAX) {
          const wait = described.retryAfterMs ?? WAIT_MS_FIRST * 2 ** (tries - 1)
          await pause(Math.min(wait, WAIT_MS_MAX), signal)
          if (signal.aborted) return
          continue
        }
        const isMessage = endpoint === '/v1/messages'
        const { status } = isMessage ? asAnthropicFailure(described) : described
        const text = isMessage ? formatAnthropicFailure(described, requestId) : formatFailure(described)
        await this.#keep(customId, { requestId, status, text })
        return
      }
    }
  }

  async #keep(
    customId: string,
    { requestId, status, text }: { readonly requestId: string; readonly status: number; readonly text: string },
  ): Promise<void> {
    const isFailure = status >= 400
    const [id, custom] = [JSON.stringify(`batch_req_${requestId}`), JSON.stringify(customId)]
    const response = `{"status_code":${status},"request_id":${JSON.stringify(requestId)},"body":${text}}`
    await this.#keepLine({
      custom_id: customId,
      isFailure,
      line: `{"id":${id},"custom_id":${custom},"response":${response},"error":null}`,
    })
  }

  async #keepLine(kept: KeptLine): Promise<void> {
    const { tenant } = this.#batch.who.caller
    if ((await this.#isGone()) || this.#isTakenAway) return
    const order = String(this.#order++).padStart(8, '0')
    // Two gateways that both believe it to be theirs write over no other task.
    const task = createHash('sha256').update(kept.custom_id).digest('hex').slice(0, 16)
    const name = { tenant, kind: 'batch-line' as const, id: `${this.#batch.body.id}.${order}.${task}` }
    await this.#context.node.documents.put(name, new TextEncoder().encode(JSON.stringify(kept)))
    if (kept.isFailure) this.#counts.failed += 1
    else this.#counts.completed += 1
  }

  /** What was deleted does not come back with its next result. */
  async #isGone(): Promise<boolean> {
    const { tenant } = this.#batch.who.caller
    const head = await this.#context.node.documents.head({ tenant, kind: 'batch', id: this.#batch.body.id })
    if (head === undefined) this.#controller.abort(GONE)
    return head === undefined
  }

  /** What a run before this one has done. */
  async #readDone(): Promise<ReadonlySet<string>> {
    const done = new Set<string>()
    for await (const { kept, order, isRepeated } of this.#keptLines()) {
      this.#order = order + 1
      if (isRepeated) continue
      done.add(kept.custom_id)
      if (kept.isFailure) this.#counts.failed += 1
      else this.#counts.completed += 1
    }
    return done
  }

  /** In the order in which they ended. Of a task that two gateways did, each believing it to be theirs, the first counts. */
  async *#keptLines(): AsyncGenerator<KeptPlace, void> {
    const { tenant } = this.#batch.who.caller
    const { documents } = this.#context.node
    const prefix = `${this.#batch.body.id}.`
    const heads = await documents.list(tenant, 'batch-line')
    const ids = heads.map(({ id }) => id).filter((id) => id.startsWith(prefix))
    const seen = new Set<string>()
    for (const id of ids.toSorted((left, right) => (left < right ? -1 : 1))) {
      const bytes = await documents.get({ tenant, kind: 'batch-line', id })
      if (bytes === undefined) continue
      const kept = JSON.parse(new TextDecoder().decode(bytes)) as KeptLine
      yield { kept, id, order: Number.parseInt(id.slice(prefix.length), 10), isRepeated: seen.has(kept.custom_id) }
      seen.add(kept.custom_id)
    }
  }

  async #openLines(lines: readonly BatchLine[]): Promise<readonly BatchLine[]> {
    const done = new Set<string>()
    for await (const { kept } of this.#keptLines()) done.add(kept.custom_id)
    return lines.filter(({ customId }) => !done.has(customId))
  }

  async #finish(status: 'completed' | 'cancelled' | 'expired', open: readonly BatchLine[]): Promise<void> {
    if (await this.#isGone()) return
    await this.#become('finalizing', {
      finalizing_at: nowS(),
      ...(status === 'cancelled' && { cancelling_at: nowS() }),
    })
    const outputs: string[] = []
    const errors: string[] = []
    const ids: string[] = []
    for await (const { kept, id, isRepeated } of this.#keptLines()) {
      if (this.#isTakenAway) return
      ids.push(id)
      if (!isRepeated) (kept.isFailure ? errors : outputs).push(kept.line)
    }
    const error = { code: `batch_${status}`, message: `The batch was ${status} before this task was done` }
    for (const { customId } of open)
      errors.push(JSON.stringify({ id: null, custom_id: customId, response: null, error }))
    const output = await this.#addFile('output', outputs)
    const failures = await this.#addFile('error', errors)
    if (this.#isTakenAway) return
    await this.#become(status, { [`${status}_at`]: nowS(), output_file_id: output, error_file_id: failures })
    const { tenant } = this.#batch.who.caller
    for (const id of ids) await this.#context.node.documents.delete({ tenant, kind: 'batch-line', id })
  }

  /** The id of the file; `null` for no lines. */
  async #addFile(what: 'output' | 'error', lines: readonly string[]): Promise<string | null> {
    if (lines.length === 0) return null
    const { id } = this.#batch.body
    const files = new KeptFiles(this.#context.node.documents, this.#batch.who.caller.tenant)
    const content = new TextEncoder().encode(`${lines.join('\n')}\n`)
    const name = { id: `file-${id}-${what}`, filename: `${id}_${what}.jsonl`, purpose: 'batch_output' as const }
    return (await files.add({ ...name, content, createdS: nowS() })).id
  }

  async #fail(code: string, message: string): Promise<void> {
    const errors = { object: 'list' as const, data: [fault(code, message)] }
    await this.#become('failed', { failed_at: nowS(), errors })
  }

  async #become(status: BatchStatus, members: Partial<BatchDocument['body']>): Promise<void> {
    const { body } = this.batch
    this.#batch = { ...this.#batch, body: { ...body, ...members, status } }
    await this.#keepBatch()
  }

  /** One after the other: the last state is the one that stays. */
  async #keepBatch(): Promise<void> {
    const { batch } = this
    const before = this.#kept
    const kept = before.catch(() => undefined).then(async () => await keepBatch(this.#context.node.documents, batch))
    this.#kept = kept
    await kept
  }
}
