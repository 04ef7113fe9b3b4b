import { formatUsd } from '../../base/format.ts'
import { amountFromNanos, amountToUsd } from '../../base/money.ts'
import type { ModelPrice } from '../../core/models/model-entry.ts'
import type { NodeModel } from '../../node/kernell-node.ts'
import type { Command } from '../command.ts'
import { EXIT_CODES } from '../exit-codes.ts'
import { isFlagSet } from '../flags.ts'
import { formatTable, type Column } from '../format-table.ts'

const COLUMNS: readonly Column[] = [
  { heading: 'model', isFlexible: true },
  { heading: 'tier' },
  { heading: 'in $/M', align: 'right' },
  { heading: 'out $/M', align: 'right' },
  { heading: 'context', align: 'right' },
  { heading: 'can', isFlexible: true },
  { heading: 'callable', isFlexible: true },
]

/** The registry as this node sees it. */
export const modelsListCommand: Command = {
  name: 'models list',
  summary: 'show the models that are known, their prices, and which can be called',
  synopsis: '',
  flags: { all: { describe: 'also models whose provider is not configured' } },
  async run({ flags, terminal, isJson, useNode }) {
    const models = await useNode(async (node) => await Promise.resolve(node.listModels()))
    const available = models.filter((model) => model.isAvailable)
    const shown = isFlagSet(flags, 'all') || available.length === 0 ? models : available
    if (isJson) terminal.printJson({ models: shown.map(modelDocument) })
    else {
      terminal.print(formatTable(COLUMNS, shown.map(rowOf), terminal.cutWidth))
      terminal.print(
        `\n${available.length} of ${models.length} known models can be called.${shown.length < models.length ? ' --all shows the rest.' : ''}`,
      )
    }
    return EXIT_CODES.done
  },
}

function modelDocument({ entry, isAvailable, unavailableBecause }: NodeModel): object {
  return {
    id: entry.id,
    provider: entry.provider,
    model: entry.model,
    tier: entry.tier,
    difficulty_max: entry.difficultyMax,
    specialties: entry.specialties,
    context_tokens: entry.contextTokens ?? null,
    output_tokens_max: entry.outputTokensMax ?? null,
    capabilities: entry.capabilities,
    prices: entry.prices.map(priceDocument),
    aliases: entry.aliases,
    available: isAvailable,
    unavailable_because: unavailableBecause ?? null,
  }
}

function priceDocument(price: ModelPrice): object {
  return {
    input_usd_per_million: usdOf(price.inputNanosPerMillion),
    output_usd_per_million: usdOf(price.outputNanosPerMillion),
    cached_input_usd_per_million:
      price.cachedInputNanosPerMillion === undefined ? null : usdOf(price.cachedInputNanosPerMillion),
    context_tiers: price.contextTiers.map((tier) => ({
      above_tokens: tier.aboveTokens,
      input_usd_per_million: usdOf(tier.inputNanosPerMillion),
      output_usd_per_million: usdOf(tier.outputNanosPerMillion),
    })),
    valid_from: price.validFrom ?? null,
    valid_until: price.validUntil ?? null,
    source: price.source,
    checked_on: price.checkedOn,
  }
}

function rowOf({ entry, isAvailable, unavailableBecause }: NodeModel): readonly string[] {
  // The version that is listed last is the one that was read last.
  const price = entry.prices.at(-1)
  const unpriced = entry.tier.startsWith('local_') ? 'local' : 'unknown'
  const can = Object.entries(entry.capabilities).flatMap(([name, has]) => (has && name !== 'streaming' ? [name] : []))
  return [
    entry.id,
    entry.tier,
    price === undefined ? unpriced : formatUsd(usdOf(price.inputNanosPerMillion)),
    price === undefined ? unpriced : formatUsd(usdOf(price.outputNanosPerMillion)),
    entry.contextTokens === undefined ? '-' : String(entry.contextTokens),
    can.join(' '),
    isAvailable ? 'yes' : whyNot(unavailableBecause),
  ]
}

function whyNot(reason: string | undefined): string {
  return reason === undefined ? 'no' : `no: ${reason}`
}

function usdOf(nanos: bigint): number {
  return amountToUsd(amountFromNanos(nanos))
}
