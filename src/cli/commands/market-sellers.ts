import type { JsonValue } from '../../base/canonical-json.ts'
import type { Command } from '../command.ts'
import { EXIT_CODES } from '../exit-codes.ts'
import { textFlag } from '../flags.ts'
import { formatCredits } from '../../base/format-credits.ts'
import { NODE_FLAGS, useMarket } from '../market-control.ts'
import { listOf, numberOf, textOf, textsOf } from '../registered-policies.ts'

/** What other nodes say that they sell. */
export const marketSellersCommand: Command = {
  name: 'market sellers',
  summary: 'show what other nodes say that they sell',
  synopsis: '[--skill S]',
  flags: { skill: { value: 'S', describe: 'only this skill' }, ...NODE_FLAGS },
  details: [
    'What is shown was signed by the nodes themselves and came by announcements to everybody, over libp2p; nobody has checked what they claim. Receipts are words of payers who may be anybody, the seller under another key included: `kernell reputation show` says what your own contracts say. `market buy` asks them, and the router takes these offers, where `market.discover` of the configuration says so, besides nodes that are named or connected.',
  ],
  examples: ['kernell market sellers', 'kernell market sellers --skill text.word-count --json'],
  async run(context) {
    const { flags, terminal, isJson } = context
    const answer = await useMarket(
      context,
      async ({ ask }) => await ask({ op: 'sellers', skill: textFlag(flags, 'skill') }),
    )
    if (isJson) terminal.printJson(answer)
    else
      terminal.print(
        listOf(answer, 'sellers').map(describeSeller).join('\n') || 'No node has said that it sells anything',
      )
    return EXIT_CODES.done
  },
}

function describeSeller(seller: JsonValue): string {
  const offers = listOf(seller, 'offers').map(
    (offer) =>
      `  ${textOf(offer, 'skill')} for ${formatCredits(textOf(offer, 'priceNanos'), textOf(offer, 'currency'))}, by ${textOf(offer, 'seller')}`,
  )
  const until = numberOf(seller, 'until')
  const models = textsOf(seller, 'models')
  return [
    `${textOf(seller, 'node')}, until ${until === undefined ? 'not known' : new Date(until).toISOString()}`,
    ...offers,
    ...(models.length === 0 ? [] : [`  names the models ${models.join(', ')}`]),
    ...listOf(seller, 'receipts').map(describeReceipt),
  ].join('\n')
}

function describeReceipt(receipt: JsonValue): string {
  const endedAt = numberOf(receipt, 'endedAt')
  const when = endedAt === undefined ? '' : `, ended ${new Date(endedAt).toISOString()}`
  return `  shows a receipt of ${textOf(receipt, 'payer')}${when}`
}
