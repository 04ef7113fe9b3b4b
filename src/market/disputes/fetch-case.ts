import { CodedError } from '../../base/errors.ts'
import type { AcceptancePredicate } from '../../core/acceptance/acceptance-predicate.ts'
import type { DisputedState } from '../../core/escrow/escrow-state.ts'
import type { Did } from '../../core/evidence/names.ts'
import type { MarketFrameOf, MarketTask } from '../../wire/v1/market-frames.ts'
import type { Party } from '../parties/party.ts'
import { hashOfBytes, readPredicate, taskHashOf } from '../parties/contracts/task-package.ts'

/** What a dispute is about, its hashes those of contract and delivery. */
export type ShownCase = {
  readonly task: MarketTask
  readonly predicate: AcceptancePredicate
  readonly input: Uint8Array
  readonly result: Uint8Array
}

const DECODER: { decode(bytes: Uint8Array): string } = new TextDecoder()

/** The case of a dispute, from the first of the nodes that shows what contract and delivery name; `undefined` where none does. */
export async function fetchCase(
  party: Party,
  { contract, terms, delivery }: DisputedState,
  nodes: readonly Did[],
): Promise<ShownCase | undefined> {
  const node = party.components.door.did
  const act = `${contract}/case-request/${node}`
  const request = await party.wallet.say({
    act,
    type: 'dispute-case-request',
    body: { contract, node },
    aud: '*',
    subject: contract,
  })
  const frame = { type: 'case-wanted', contract, envelope: DECODER.decode(request.bytes) } as const
  for (const asked of nodes) {
    const shown = await askCase(party, asked, frame)
    if (shown === undefined) continue
    const input = shown.bytes.subarray(0, shown.frame.inputBytes)
    const result = shown.bytes.subarray(shown.frame.inputBytes)
    const predicate = readPredicate(shown.frame.predicate, terms.predicateHash)
    const isRight =
      taskHashOf(shown.frame.task) === terms.taskHash &&
      hashOfBytes(input) === shown.frame.task.inputHash &&
      hashOfBytes(result) === delivery.result
    if (isRight && predicate !== undefined) return { task: shown.frame.task, predicate, input, result }
  }
  return undefined
}

async function askCase(
  party: Party,
  node: Did,
  frame: MarketFrameOf<'case-wanted'>,
): Promise<{ readonly frame: MarketFrameOf<'case'>; readonly bytes: Uint8Array } | undefined> {
  try {
    const answer = await party.components.door.ask(node, { frame }, { signal: party.signal })
    return answer.frame.type === 'case' ? { frame: answer.frame, bytes: answer.bytes } : undefined
  } catch (error: unknown) {
    if (!CodedError.is(error)) throw error
    return undefined
  }
}
