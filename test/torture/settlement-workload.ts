import { timestampFromMs } from '../../src/base/time.ts'
import type { NotarySet } from '../../src/core/notary/notary-set.ts'
import type { NotaryClient } from '../../src/ports/notary-client.ts'
import { BANK, Deal, issueUsd, Party, registerUsd, setOfParties } from '../market/notary/settlement-builder.ts'

export type SettlementWork = {
  readonly set: NotarySet
  readonly deal: Deal
  /** A currency, money for the payer, and a contract to its settlement: nine envelopes. */
  readonly envelopes: readonly Uint8Array[]
}

/** The same for the same instant, in every process. Made once in each. */
export function settlementWork(nowMs: number): SettlementWork {
  const { set } = setOfParties(0)
  const now = timestampFromMs(nowMs)
  // Its chain of messages begins anew each time.
  const bank = new Party('bank')
  const deal = new Deal(set, { name: 'settlement', now })
  return {
    set,
    deal,
    envelopes: [registerUsd(now, bank), issueUsd(deal.payer.did, 1_000n, { now, bank }), ...deal.all],
  }
}

/** Receipts by the number of their envelope, in base64. */
export type Receipts = Map<number, string>

/** Sends envelopes one after the other until one is not answered. */
export async function sendAll(
  notary: NotaryClient,
  { envelopes }: SettlementWork,
  onReceipt: (index: number, receipt: string) => void,
): Promise<void> {
  for (const [index, envelope] of envelopes.entries()) {
    const { receipt } = await notary.submit(envelope)
    onReceipt(index, Buffer.from(receipt).toString('base64'))
  }
}

/** What is wrong with a notary that came back, for whoever holds receipts of before. It goes on to the end of the work, which must come out as ever. */
export async function judgeRestarted(
  notary: NotaryClient,
  work: SettlementWork,
  receipts: Receipts,
): Promise<readonly string[]> {
  const failures: string[] = []
  for (const [index, envelope] of work.envelopes.entries()) {
    const { effect, code, receipt } = await notary.submit(envelope)
    const text = Buffer.from(receipt).toString('base64')
    const before = receipts.get(index)
    if (effect === 'refused') failures.push(`envelope ${index} is refused: ${code ?? ''}`)
    if (before !== undefined && effect !== 'exists') failures.push(`envelope ${index} had a receipt and is ${effect}`)
    if (before !== undefined && before !== text) failures.push(`envelope ${index} has another receipt than before`)
    receipts.set(index, text)
  }
  const view = await notary.contract(work.deal.contract)
  if (view?.state !== 'SETTLED' || view.transitions.length !== 7)
    failures.push(`the contract is ${view?.state ?? 'unknown'} after ${view?.transitions.length ?? 0} steps`)
  const [usd] = (await notary.accounts()).ledgers
  if (usd?.sumNanos !== '0') failures.push(`the books sum up to ${usd?.sumNanos ?? 'nothing'}`)
  const balances = new Map(usd?.accounts.map(({ owner, kind, balanceNanos }) => [`${owner}/${kind}`, balanceNanos]))
  const expected = [
    [`${BANK.did}/issuer`, '-1000'],
    [`${work.deal.payer.did}/available`, '900'],
    [`${work.deal.worker.did}/available`, '98'],
    [`${new Party('notary 0').did}/fee`, '2'],
  ] as const
  for (const [account, balance] of expected) {
    const found = balances.get(account)
    if (found !== balance) failures.push(`${account} has ${found ?? 'nothing'} and not ${balance}`)
  }
  return failures
}
