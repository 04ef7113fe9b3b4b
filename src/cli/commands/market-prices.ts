import type { JsonValue } from '../../base/canonical-json.ts'
import type { Command } from '../command.ts'
import { EXIT_CODES } from '../exit-codes.ts'
import { textFlag } from '../flags.ts'
import { formatCredits } from '../../base/format-credits.ts'
import { NODE_FLAGS, useMarket } from '../market-control.ts'
import { listOf, numberOf, textOf } from '../registered-policies.ts'

/** What work has cost. */
export const marketPricesCommand: Command = {
  name: 'market prices',
  summary: 'show what work has cost, as far as this node knows',
  synopsis: '[--skill S] [--currency C]',
  flags: {
    skill: { value: 'S', describe: 'this skill alone' },
    currency: { value: 'C', describe: 'CODE@DID, or a code' },
    ...NODE_FLAGS,
  },
  details: [
    'Known are the prices of final contracts of this node, and those at which auctions cleared in which it has bid, for 90 days. What it paid itself counts most, what it was paid as much as the payer is known, and all that it only heard of a twentieth at most.',
    'The suggested highest price is 10 % above what nine in ten of them were, and follows a rising trend; there is none with fewer than five that were paid.',
  ],
  examples: ['kernell market prices --skill text.word-count'],
  async run(context) {
    const { flags, terminal, isJson } = context
    const request = { op: 'prices', skill: textFlag(flags, 'skill'), currency: textFlag(flags, 'currency') }
    const answer = await useMarket(context, async ({ ask }) => await ask(request))
    if (isJson) terminal.printJson(answer)
    else terminal.print(listOf(answer, 'prices').map(describePrices).join('\n') || 'No prices are known yet')
    return EXIT_CODES.done
  },
}

function describePrices(line: JsonValue): string {
  const currency = textOf(line, 'currency')
  const [median, last, suggested] = ['medianNanos', 'lastNanos', 'suggestedNanos'].map((name) => textOf(line, name))
  const quartiles = ['lowerQuartileNanos', 'upperQuartileNanos'].map((name) =>
    formatCredits(textOf(line, name), currency),
  )
  const advice = suggested === undefined || suggested === '' ? 'none yet' : formatCredits(suggested, currency)
  return [
    textOf(line, 'skill'),
    `  median   ${formatCredits(median ?? '0', currency)} of ${numberOf(line, 'count') ?? 0} prices that were paid and ${numberOf(line, 'heard') ?? 0} that were heard of`,
    `  middle   ${quartiles.join(' to ')}`,
    `  last     ${formatCredits(last ?? '0', currency)}`,
    `  suggest  ${advice}`,
  ].join('\n')
}
