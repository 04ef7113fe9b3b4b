import type { Command } from '../command.ts'
import { EXIT_CODES } from '../exit-codes.ts'
import { isFlagSet, listFlag, usageError } from '../flags.ts'
import { NODE_FLAGS, useMarket } from '../market-control.ts'
import { membersOf } from '../registered-policies.ts'

/** What a node knows for itself that a seller is able to do. */
export const marketAttestCommand: Command = {
  name: 'market attest',
  summary: 'vouch, to this node alone, for what a seller is able to do',
  synopsis: 'DID --capability NAME [--withdraw]',
  positionalsMax: 1,
  flags: {
    capability: { value: 'NAME', describe: 'a word such as gpu; may be repeated', isList: true },
    withdraw: { describe: 'take it back' },
    ...NODE_FLAGS,
  },
  details: [
    'A purchase with `--needs` goes to sellers alone that claim it in their signed offers and for which it is attested here. What a seller claims counts nothing by itself.',
  ],
  examples: ['kernell market attest did:key:z6Mk... --capability gpu'],
  async run(context) {
    const { flags, positionals, terminal, isJson } = context
    const [seller] = positionals
    const names = listFlag(flags, 'capability')
    if (seller === undefined || names.length === 0) throw usageError('Name a seller by its did:key, and a --capability')
    const isWithdrawn = isFlagSet(flags, 'withdraw') ? true : undefined
    const request = { op: 'attest', seller, capabilities: names.join(','), isWithdrawn }
    const answer = await useMarket(context, async ({ ask }) => await ask(request))
    const { capabilities } = membersOf(answer)
    if (isJson) terminal.printJson(answer)
    else terminal.print(`${seller}  ${Array.isArray(capabilities) ? capabilities.join(', ') : ''}`)
    return EXIT_CODES.done
  },
}
