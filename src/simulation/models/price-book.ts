import type { CivilDate } from '../../core/models/civil-date.ts'
import type { ModelEntry, ModelPrice } from '../../core/models/model-entry.ts'
import { createModelRegistry, type ModelRegistry } from '../../core/models/model-registry.ts'
import type { ModelProfile } from './model-profile.ts'

const NANOS_PER_DOLLAR = 1e9

/** Prices that providers charge now, as everybody knows them. A change holds from the moment at which it is made: for whoever asks after it, and for calls that arrive after it. */
export class PriceBook {
  /** Changes so far. */
  version = 0
  private current: ModelRegistry
  private readonly source: string

  constructor(entries: readonly ModelEntry[], source = 'simulation') {
    this.current = createModelRegistry(entries)
    this.source = source
  }

  get registry(): ModelRegistry {
    return this.current
  }

  /** Throws `RangeError` for a model that nobody offers. */
  entryOf(id: string): ModelEntry {
    const entry = this.current.find(id)
    if (entry === undefined) throw new RangeError(`Nobody offers ${id} in this world`)
    return entry
  }

  /** All prices of a model become so many times what they are. */
  multiply(id: string, factor: number, today: CivilDate): void {
    const entry = this.entryOf(id)
    const prices = entry.prices.map((price): ModelPrice => ({
      ...price,
      inputNanosPerMillion: times(price.inputNanosPerMillion, factor),
      outputNanosPerMillion: times(price.outputNanosPerMillion, factor),
      source: this.source,
      checkedOn: today,
    }))
    this.current = this.current.with([{ ...entry, prices }])
    this.version += 1
  }
}

/** What a registry says of the models of a world; a policy is told nothing of their quality. */
export function entriesOf(profiles: readonly ModelProfile[], checkedOn: CivilDate): readonly ModelEntry[] {
  return profiles.map(({ id, tier, usdIn, usdOut, latency }) => {
    const [provider = id, model = id] = id.split('/')
    return {
      id,
      provider,
      model,
      tier,
      difficultyMax: tier === 'premium_api' ? 5 : 4,
      specialties: ['general'],
      prices: [
        {
          inputNanosPerMillion: perMillion(usdIn),
          outputNanosPerMillion: perMillion(usdOut),
          contextTiers: [],
          source: 'simulation',
          checkedOn,
        },
      ],
      capabilities: { tools: true, vision: false, jsonSchema: true, logprobs: false, streaming: true },
      measured: { tokensPerSecond: Math.round(1000 / latency.tokenMs) },
      aliases: [],
    }
  })
}

function perMillion(usd: number): bigint {
  return BigInt(Math.round(usd * NANOS_PER_DOLLAR))
}

function times(nanos: bigint, factor: number): bigint {
  return BigInt(Math.round(Number(nanos) * factor))
}
