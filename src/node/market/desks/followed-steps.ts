import { parseContractId, type ContractId } from '../../../core/evidence/names.ts'
import { CONTRACTS, type ContractNote } from '../../../market/parties/contracts/contract-notes.ts'
import type { NotaryClient } from '../../../ports/notary-client.ts'
import type { Timers } from '../../../ports/timers.ts'
import { plain } from './plain-json.ts'
import type { MarketTransition } from '../market-init.ts'
import type { PartyRole } from '../../../market/parties/role/start-party.ts'
import type { StepFeed } from './step-feed.ts'

export type StepFollowerInit = {
  readonly notary: NotaryClient
  readonly role: PartyRole | undefined
  readonly timers: Timers
  readonly feed: StepFeed<MarketTransition>
  readonly signal: AbortSignal
}

const LOOK_MS = 300
const WAIT_MS = 10_000
/** Contracts that are followed at once; more wait until one of these has ended. */
const FOLLOWED_MAX = 256
const TERMINAL: readonly string[] = ['ABORTED', 'VOIDED', 'EXPIRED', 'FINAL', 'REFUNDED']

/** Tells the feed of the steps of this node's contracts, each once, from the contract's first step on. */
export function followSteps(init: StepFollowerInit): void {
  const followed = new Set<ContractId>()
  const known = new Set<ContractId>()
  const look = (): void => {
    if (init.signal.aborted || init.role === undefined) return
    for (const [name, note] of init.role.party.journal.notesOf(CONTRACTS)) {
      const contract = parseContractId(name)
      // Written by buyer and seller.
      const isEnded = (note as ContractNote | null)?.ended !== undefined
      if (contract === undefined || known.has(contract) || followed.size >= FOLLOWED_MAX) continue
      known.add(contract)
      if (isEnded) continue
      followed.add(contract)
      const end = (): boolean => followed.delete(contract)
      followOne(init, contract).then(end, end)
    }
    init.timers.schedule(LOOK_MS, look)
  }
  look()
}

async function followOne({ notary, feed, signal, timers }: StepFollowerInit, contract: ContractId): Promise<void> {
  let afterSeq = -1
  while (!signal.aborted) {
    try {
      const view = await notary.contract(contract, { afterSeq, waitMs: WAIT_MS, signal })
      for (const { seq, from, to, at } of view?.transitions ?? []) {
        feed.publish({
          event: 'transition',
          contract,
          seq,
          from,
          to,
          at,
          certificate: plain(view?.certificate ?? null),
        })
        afterSeq = seq
        if (TERMINAL.includes(to)) return
      }
      if (view !== undefined) continue
    } catch {
      // A set that cannot be reached now is asked again.
    }
    await new Promise<void>((resolve) => {
      timers.schedule(LOOK_MS, resolve)
      signal.addEventListener('abort', () => resolve(), { once: true })
    })
  }
}
