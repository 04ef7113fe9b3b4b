import { canonicalJson } from '../../../base/canonical-json.ts'
import type { ContractId } from '../../../core/evidence/names.ts'
import { CONTRACTS, type ContractNote, readTerms } from '../../../market/parties/contracts/contract-notes.ts'
import { MarketDoor, type MarketHandlers, declined } from '../../../market/parties/market-door.ts'
import type { TaskControls, TaskInit, TaskRunner } from '../../../market/parties/selling/seller-work.ts'
import type { Transport } from '../../../ports/transport.ts'
import { ECONOMY_SKILLS } from '../economy/draw-economy.ts'
import type { PartyHooks } from '../party-machine.ts'
import type { SellerLevers } from './levers.ts'
import type { AgentPlay, StrategyAgent } from './strategy.ts'

const ENCODER = new TextEncoder()
const DECODER = new TextDecoder()
/** Making a result up costs a twentieth of the work. */
const JUNK_PART = 20n

/** An honest seller's play with levers pulled. */
export function playLevers(agent: StrategyAgent, honest: AgentPlay, levers: SellerLevers = agent.levers): AgentPlay {
  return {
    ...honest,
    hooks: (owner) => {
      const hooks = honest.hooks(owner)
      return {
        ...hooks,
        ...(hooks.runner !== undefined && { runner: leveredRunner(agent, hooks.runner, levers) }),
        ...(levers.hidePerMillion > 0 && { createDoor: (transport) => new HidingDoor(transport, agent, levers) }),
      } satisfies PartyHooks
    },
  }
}

/** Does the work, makes a result up, or does nothing until the contract is over. */
function leveredRunner(agent: StrategyAgent, runner: TaskRunner, levers: SellerLevers): TaskRunner {
  let begun = 0
  return {
    ...runner,
    run: async (task, controls) => {
      begun += 1
      // The same draws for each task, whatever comes of them.
      const draw = agent.random.nextBelow(1_000_000)
      const isDue = begun > levers.honestFirst && isLarge(agent, task.contract, levers.largePerMillion)
      if (isDue && draw < levers.idlePerMillion) return await idle(agent, task, controls)
      if (isDue && draw < levers.idlePerMillion + levers.junkPerMillion) return junk(agent, task)
      return await runner.run(task, controls)
    },
  }
}

function isLarge({ running, profile }: StrategyAgent, contract: ContractId, largePerMillion: number): boolean {
  const note = running()?.party.noteOf<ContractNote>(CONTRACTS, contract)
  if (note === undefined || profile === undefined) return largePerMillion === 0
  const prices = ECONOMY_SKILLS.map((skill) => profile.priceNanos[skill])
  const highest = prices.reduce((most, price) => (price > most ? price : most), 0n)
  return readTerms(note.terms).maxNanos * 1_000_000n >= highest * BigInt(largePerMillion)
}

/** Of the right shape, and wrong. */
function junk(agent: StrategyAgent, { contract, skill, input }: TaskInit): Awaited<ReturnType<TaskRunner['run']>> {
  noteAttempt(agent, contract)
  const cost = ECONOMY_SKILLS.find((known) => known === skill)
  if (cost !== undefined && agent.profile !== undefined) agent.record.spentNanos += agent.profile.costNanos[cost] / JUNK_PART
  const result = ENCODER.encode(canonicalJson({ count: DECODER.decode(input).length + 1_000 }))
  return { result, counts: new Map([['bytes.in', BigInt(input.byteLength)]]) }
}

/** Signs of life and nothing else. */
async function idle(agent: StrategyAgent, { contract }: TaskInit, { signal }: TaskControls): Promise<never> {
  noteAttempt(agent, contract)
  return await new Promise<never>((_, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true })
  })
}

export function noteAttempt({ record, running }: StrategyAgent, contract: string): void {
  record.attempt({ kind: 'contract', id: contract, atMs: running()?.party.components.clock.now() ?? 0 })
}

/** Does not answer the list of commitments with its bid. */
class HidingDoor extends MarketDoor {
  private readonly agent: StrategyAgent
  private readonly levers: SellerLevers

  constructor(transport: Transport, agent: StrategyAgent, levers: SellerLevers) {
    super(transport)
    this.agent = agent
    this.levers = levers
  }

  override serve(handlers: MarketHandlers): () => void {
    const { told } = handlers
    if (told === undefined) return super.serve(handlers)
    return super.serve({
      ...handlers,
      told: async (question) => (this.isHidden(question.frame.envelope) ? declined('MARKET_AUCTION_UNKNOWN') : await told(question)),
    })
  }

  private isHidden(envelope: string): boolean {
    const { agent, levers } = this
    const party = agent.running()?.party
    const read = party?.read(envelope, 'auction-commitments')
    if (party === undefined || read === undefined) return false
    const { auction } = read.envelope.body
    // Asked again, it says the same.
    if (agent.record.attempts.some(({ id }) => id === auction)) return true
    if (agent.random.nextBelow(1_000_000) >= levers.hidePerMillion) return false
    agent.record.attempt({ kind: 'auction', id: auction, atMs: party.components.clock.now() })
    return true
  }
}
