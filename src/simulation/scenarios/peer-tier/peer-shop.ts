import { amountFromUsd } from '../../../base/money.ts'
import { durationFromMs } from '../../../base/time.ts'
import type { Did } from '../../../core/evidence/names.ts'
import type { OfferTerms } from '../../../core/market/offer-directory.ts'
import { pause } from '../../../market/parties/contracts/contract-follower.ts'
import { SKILLS } from '../../../market/parties/role/party-notes.ts'
import type { TaskRunner } from '../../../market/parties/selling/task-runner.ts'
import type { ModelRequest } from '../../../ports/language-model.ts'
import { decodePeerTask, encodePeerAnswer } from '../../../router/peers/peer-task.ts'
import type { PartyMachine, RunningParty } from '../../market/party-machine.ts'
import type { SimulatedMarket } from '../../market/simulated-market.ts'
import { HONEST, LYING, type PeerTasks } from './peer-tasks.ts'

export const PEER_SKILL = 'chat.general'

export type ShopInit = {
  readonly name: string
  /** Credits for an answer. */
  readonly price: number
  /** What it does with its next piece of work. */
  readonly plan: () => 'right' | 'lie' | 'garbage' | 'nothing'
  readonly latencyMs?: number
}

const LATENCY_MS = 4_000
const INPUT_BYTES_MAX = 100_000
const OFFER_MS = 2_500_000_000
const CAPACITY = 8
const NONSENSE = 'lorem ipsum\n```\ndolor sit'

/** A seller of answers, on a machine of its own: the product's seller, with somebody behind it who works, lies, or sleeps. */
export class PeerShop {
  readonly name: string
  /** Answers that it gave. */
  served = 0
  private readonly market: SimulatedMarket
  private readonly tasks: PeerTasks
  private readonly init: ShopInit
  private machine: PartyMachine | undefined

  constructor(market: SimulatedMarket, tasks: PeerTasks, init: ShopInit) {
    this.market = market
    this.tasks = tasks
    this.init = init
    this.name = init.name
  }

  get did(): Did {
    return this.market.didOf(this.name)
  }

  get running(): RunningParty | undefined {
    return this.machine?.running
  }

  get machineOf(): PartyMachine['machine'] | undefined {
    return this.machine?.machine
  }

  async join(): Promise<void> {
    this.machine = await this.market.join({
      name: this.name,
      hooks: () => ({ runner: this.runner() }),
      begin: async (running) => await this.offer(running),
    })
  }

  private async offer({ party, seller, parameters, owner }: RunningParty): Promise<void> {
    await parameters.refresh()
    if (seller.offers().length > 0) return
    await party.keep(SKILLS, PEER_SKILL, { agent: 'chat', custody: ['C2', 'C3'] })
    const now = owner.clock.now()
    const terms: OfferTerms = {
      skill: PEER_SKILL,
      currency: this.market.currency,
      priceNanos: amountFromUsd(this.init.price) ?? amountFromNever(),
      latencyMs: durationFromMs(this.init.latencyMs ?? LATENCY_MS),
      inputBytesMax: INPUT_BYTES_MAX,
      capabilities: [],
      validFrom: now,
      validUntil: (now + OFFER_MS) as typeof now,
      capacity: CAPACITY,
    }
    await seller.offer(terms, `${PEER_SKILL}/${owner.name}`)
  }

  private runner(): TaskRunner {
    return {
      run: async ({ input }, { signal }) => {
        const request: ModelRequest = decodePeerTask(input)
        const plan = this.init.plan()
        this.served += 1
        const { text, totalMs } = this.tasks.sold.outcomeOf(plan === 'right' ? HONEST : LYING, request)
        const timers = this.running?.owner.timers
        if (timers === undefined || plan === 'nothing') return await never(signal)
        await pause(timers, plan === 'right' ? totalMs : 1, signal)
        signal.throwIfAborted()
        const result = encodePeerAnswer({ text: plan === 'garbage' ? NONSENSE : text, finishReason: 'stop' })
        return { result, counts: new Map([['bytes.in', BigInt(input.length)]]) }
      },
    }
  }
}

function amountFromNever(): never {
  throw new RangeError('A price is an amount')
}

async function never(signal: AbortSignal): Promise<never> {
  return await new Promise<never>((_, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true })
  })
}
