import { formatUsd } from '../../base/format.ts'
import { amountFromNanos, amountToUsd } from '../../base/money.ts'
import type { PriceConflict } from '../../core/models/price-lists/merge-price-lists.ts'
import { downloadPriceList } from '../../node/prices/download-price-list.ts'
import { importPriceList, type ImportedPriceList } from '../../node/prices/imported-price-lists.ts'
import { todayInUtc } from '../../node/today.ts'
import type { Command } from '../command.ts'
import { EXIT_CODES } from '../exit-codes.ts'
import { choiceFlag, isFlagSet, textFlag, usageError } from '../flags.ts'
import { formatTable, type Column } from '../format-table.ts'
import { readTextFile } from '../read-json-lines.ts'

const FORMATS = ['litellm', 'openrouter', 'genai-prices', 'portkey'] as const
const CONFLICTS_SHOWN = 20

/** Keeps a public price list in the data directory and says where it disagrees with the others. */
export const modelsImportCommand: Command = {
  name: 'models import',
  summary: 'read prices and capabilities from a public price list',
  synopsis: 'FILE | URL --format litellm|openrouter|genai-prices|portkey',
  positionalsMax: 1,
  flags: {
    format: { value: 'FORMAT', describe: 'litellm, openrouter, genai-prices or portkey' },
    provider: { value: 'NAME', describe: 'provider of a portkey file, which does not name it' },
    all: { describe: `show every conflict, not only the first ${CONFLICTS_SHOWN}` },
  },
  details: [
    'Prices that two lists give differently are listed; the newest list counts, and your own entries under `models` in the configuration win over every list. A running node reads the list at its next start.',
  ],
  examples: ['kernell models import litellm.json --format litellm'],
  async run({ flags, positionals, terminal, isJson, loadConfig, workingDir, signal }) {
    const [source] = positionals
    const format = choiceFlag(flags, 'format', FORMATS)
    if (source === undefined || format === undefined)
      throw usageError(source === undefined ? 'FILE or URL is missing' : '--format is missing')
    const text = /^https?:\/\//.test(source)
      ? await downloadPriceList(source, { signal, ...loadConfig().outbound })
      : readTextFile(source, workingDir)
    const provider = textFlag(flags, 'provider')
    const list = await importPriceList(loadConfig().dataDir, {
      format,
      text,
      source,
      checkedOn: todayInUtc(),
      ...(provider !== undefined && { provider }),
    })
    if (isJson) terminal.printJson(importDocument(list))
    else terminal.print(formatImport(list, terminal.cutWidth, isFlagSet(flags, 'all')))
    return EXIT_CODES.done
  },
}

function importDocument(list: ImportedPriceList): object {
  return {
    list: list.name,
    models: list.rowCount,
    skipped: list.skippedCount,
    refused: list.refused,
    conflicts: list.conflicts.map(({ provider, model, chosen, prices }) => ({
      provider,
      model,
      chosen,
      prices: Object.fromEntries(
        Object.entries(prices).map(([name, price]) => [
          name,
          {
            input_usd_per_million: usdOf(price.inputNanosPerMillion),
            output_usd_per_million: usdOf(price.outputNanosPerMillion),
          },
        ]),
      ),
    })),
  }
}

function formatImport(list: ImportedPriceList, width: number, isWhole: boolean): string {
  const lines = [`Kept ${list.rowCount} priced models as the list \`${list.name}\`.`]
  if (list.skippedCount > 0) lines.push(`${list.skippedCount} entries are no chat models and were left out.`)
  if (list.refused.length > 0) lines.push(`${list.refused.length} rows were refused: ${countReasons(list)}.`)
  if (list.conflicts.length === 0)
    return [...lines, 'No price differs from another list by more than one percent.'].join('\n')
  const shown = isWhole ? list.conflicts : list.conflicts.slice(0, CONFLICTS_SHOWN)
  const rest = list.conflicts.length - shown.length
  return [
    ...lines,
    `${list.conflicts.length} prices differ from another list:`,
    '',
    formatTable(CONFLICT_COLUMNS, shown.flatMap(conflictRows), width),
    ...(rest > 0 ? [`... and ${rest} more; --all shows them.`] : []),
  ].join('\n')
}

const CONFLICT_COLUMNS: readonly Column[] = [
  { heading: 'provider' },
  { heading: 'model', isFlexible: true },
  { heading: 'list' },
  { heading: 'in $/M', align: 'right' },
  { heading: 'out $/M', align: 'right' },
  { heading: '' },
]

function conflictRows({ provider, model, chosen, prices }: PriceConflict): readonly (readonly string[])[] {
  return Object.entries(prices).map(([name, price], index) => [
    index === 0 ? provider : '',
    index === 0 ? model : '',
    name,
    formatUsd(usdOf(price.inputNanosPerMillion)),
    formatUsd(usdOf(price.outputNanosPerMillion)),
    name === chosen ? 'used' : '',
  ])
}

function countReasons(list: ImportedPriceList): string {
  const counts = new Map<string, number>()
  for (const { reason } of list.refused) counts.set(reason, (counts.get(reason) ?? 0) + 1)
  return [...counts].map(([reason, count]) => `${count} ${reason}`).join(', ')
}

function usdOf(nanos: bigint): number {
  return amountToUsd(amountFromNanos(nanos))
}
