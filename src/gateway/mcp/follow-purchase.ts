import { setTimeout as pause } from 'node:timers/promises'
import type { JsonValue } from '../../base/canonical-json.ts'
import { CodedError } from '../../base/errors.ts'
import type { ControlRequest } from '../../node/control/control-request.ts'
import type { ToolCall } from './mcp-tool.ts'

export type Following = {
  readonly ask: (request: ControlRequest) => Promise<JsonValue>
  readonly signal: AbortSignal
  readonly progress?: NonNullable<ToolCall['progress']>
}

export type Delegated = {
  readonly contract: string
  readonly state: string
  readonly text: string | null
  readonly base64: string | null
  readonly seller: string | null
  readonly captured_nanos: string | null
}

const ENDS: ReadonlySet<string> = new Set(['ABORTED', 'VOIDED', 'EXPIRED', 'FINAL', 'REFUNDED'])
const STEP_WAIT_MS = 2_000
const POLL_MS = 200

/**
 * Waits until a purchase has ended, and brings its result.
 *
 * Throws `MARKET_REFUSED` where it came to no contract, or the contract to no payment; `MARKET_OBJECT_UNKNOWN`; the signal's reason.
 */
export async function followPurchase({ ask, signal, progress }: Following, key: string): Promise<Delegated> {
  for (let [seq, told] = [-1, 0]; ;) {
    signal.throwIfAborted()
    const purchase = membersOf(await ask({ op: 'purchase', key, afterSeq: seq, waitMs: STEP_WAIT_MS }))
    const failed = purchase['failed'] ?? null
    if (failed !== null) throw refused(membersOf(failed))
    const view = purchase['view'] ?? null
    if (view === null) {
      if (typeof purchase['ended'] === 'string') throw forgotten(key)
      await pause(POLL_MS, undefined, { signal })
      continue
    }
    const contract = membersOf(view)
    const state = textOf(contract, 'state')
    const { length: steps } = listOf(contract['transitions'])
    if (steps > told) await progress?.((told = steps), `The contract is ${state}`)
    if (ENDS.has(state)) return await endOf(ask, contract)
    seq = steps - 1
  }
}

async function endOf(ask: Following['ask'], contract: Members): Promise<Delegated> {
  const state = textOf(contract, 'state')
  const id = textOf(contract, 'contract')
  if (state !== 'FINAL')
    throw new CodedError('MARKET_REFUSED', {
      message: `The contract ${id} ended as ${state}; nothing was delivered that was paid for`,
      details: { contract: id, state },
    })
  const hash = textOf(contract, 'resultHash')
  const bytes = hash === '' ? Buffer.alloc(0) : await resultOf(ask, hash, id)
  const text = textIn(bytes)
  return {
    contract: id,
    state,
    text: text ?? null,
    base64: text === undefined ? bytes.toString('base64') : null,
    seller: textOf(contract, 'worker') || null,
    captured_nanos: textOf(contract, 'capturedNanos') || null,
  }
}

async function resultOf(ask: Following['ask'], hash: string, contract: string): Promise<Buffer> {
  const { bytes } = membersOf(await ask({ op: 'result', hash, contract }))
  if (typeof bytes === 'string') return Buffer.from(bytes, 'base64url')
  throw new CodedError('MARKET_REFUSED', {
    message: `The result of ${contract} is too large for one answer`,
    details: { contract, remedy: 'Fetch it with `kernell market buy` and the same key, with --output FILE.' },
  })
}

function textIn(bytes: Buffer): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch {
    return undefined
  }
}

function refused(failed: Members): CodedError {
  return new CodedError('MARKET_REFUSED', {
    message: textOf(failed, 'message'),
    details: { code: textOf(failed, 'code'), remedy: textOf(failed, 'remedy') },
  })
}

function forgotten(key: string): CodedError {
  return new CodedError('MARKET_OBJECT_UNKNOWN', {
    message: `The notary set knows nothing any more of what the purchase ${key} came to`,
  })
}

type Members = { readonly [name: string]: JsonValue | undefined }

function membersOf(value: JsonValue): Members {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Members) : {}
}

function listOf(value: JsonValue | undefined): readonly JsonValue[] {
  return Array.isArray(value) ? (value as readonly JsonValue[]) : []
}

function textOf(members: Members, name: string): string {
  const value = members[name]
  return typeof value === 'string' ? value : ''
}
