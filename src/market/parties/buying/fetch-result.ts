import { CodedError } from '../../../base/errors.ts'
import type { DeliveredState } from '../../../core/escrow/escrow-state.ts'
import type { ContractId, Did, Hash } from '../../../core/evidence/names.ts'
import type { AbortOptions } from '../../../ports/abort-options.ts'
import type { Timers } from '../../../ports/timers.ts'
import { pause } from '../contracts/contract-follower.ts'
import type { ContractNote } from '../contracts/contract-notes.ts'
import { nodesOf } from './find-sellers.ts'
import { TAKEN, type MarketAnswer } from '../market-door.ts'
import type { Party } from '../party.ts'
import { hashOfBytes } from '../contracts/task-package.ts'
import { deliveredName, listOfArtifact } from '../artifacts/artifact-files.ts'
import { fetchPieces } from '../artifacts/fetch-pieces.ts'

/** Nodes of a worker that are asked for a result at most. */
const NODES_MAX = 8

export type WantedResult = {
  readonly contract: ContractId
  readonly worker: Did
  readonly delivery: Pick<DeliveredState['delivery'], 'result' | 'manifest'>
  readonly note: ContractNote | undefined
  readonly take: (from: Did, bytes: Uint8Array) => Promise<MarketAnswer>
}

/**
 * Asks all nodes of a worker at once for what it delivered: whoever has lost it, or where it was, gets it again; of a result in pieces the list, and then what is missing of them. How long each of them takes is in the worker's hand, so
 * nothing that has a deadline waits for the end of this. @returns Whether it is here now.
 */
export async function fetchDelivered(
  party: Party,
  { contract, worker, delivery, note, take }: WantedResult,
  { signal = party.signal }: AbortOptions,
): Promise<boolean> {
  const { journal } = party
  const { result: hash } = delivery
  const nodes = note === undefined ? [] : await nodesOfWorker(party, worker, note)
  if (!journal.hasFile(hash) && !(await fetchFile(party, { contract, hash, take, nodes }, { signal }))) return false
  const file = await journal.file(hash)
  const name = file && deliveredName(file, delivery)
  const list = name && (await listOfArtifact(journal, name))
  if (list === undefined) return true
  if (list.sizeBytes > journal.limits.artifactBytesMax) return false
  return await fetchPieces(party, { contract, list, subject: contract, nodes, part: 'result' }, { signal })
}

async function nodesOfWorker(party: Party, worker: Did, { peer, other, task }: ContractNote): Promise<readonly Did[]> {
  const nodes = peer === other ? [peer, ...(await nodesOf(party, worker, task.skill))] : [peer]
  return [...new Set(nodes)].slice(0, NODES_MAX)
}

/** The result where it fits one frame, else the list of its pieces. */
async function fetchFile(
  party: Party,
  {
    contract,
    hash,
    take,
    nodes,
  }: Pick<WantedResult, 'contract' | 'take'> & { readonly hash: Hash; readonly nodes: readonly Did[] },
  { signal = party.signal }: AbortOptions,
): Promise<boolean> {
  const frame = { type: 'file-wanted', contract, hash } as const
  const asked = nodes.map(async (node) => {
    try {
      const answer = await party.components.door.ask(node, { frame }, { signal })
      if (answer.frame.type !== 'file' || hashOfBytes(answer.bytes) !== hash) return false
      return (await take(node, answer.bytes)) === TAKEN
    } catch (error: unknown) {
      if (CodedError.is(error) || signal.aborted) return false
      throw error
    }
  })
  return await firstTrue(asked)
}

/** True as soon as one of them is. */
async function firstTrue(asked: readonly Promise<boolean>[]): Promise<boolean> {
  const found = Promise.withResolvers<boolean>()
  for (const one of asked) void one.then((is) => is && found.resolve(true), found.reject)
  void Promise.allSettled(asked).then(() => found.resolve(false), found.reject)
  return await found.promise
}

/** Looks that go on beside what waits for them, one at a time. */
export class SideLook {
  private readonly party: Party
  private readonly look: () => Promise<boolean>
  private isLooking = false
  private wake = new AbortController()

  constructor(party: Party, look: () => Promise<boolean>) {
    this.party = party
    this.look = look
  }

  /** Begins a look, unless one goes on. */
  begin(): void {
    if (this.isLooking) return
    this.isLooking = true
    this.party.begin(async () => {
      try {
        if (await this.look()) this.wake.abort()
      } finally {
        this.isLooking = false
      }
    })
  }

  /** Waits; ends early when a look has found something. */
  async pause(timers: Timers, waitMs: number, signal: AbortSignal): Promise<void> {
    await pause(timers, waitMs, AbortSignal.any([signal, this.wake.signal]))
    if (this.wake.signal.aborted) this.wake = new AbortController()
  }
}
