import type { Command } from '../command.ts'
import { EXIT_CODES } from '../exit-codes.ts'
import { textFlag } from '../flags.ts'
import { describeGrant, describeLink } from '../grant-document.ts'
import { readChainFile, readRevocation, writeTokens } from '../grant-files.ts'
import { subjectOf } from '../market-control.ts'
import { listOf, membersOf, textOf } from '../registered-policies.ts'
import { askRights } from '../running-control.ts'

/** What a chain grants, and whether it holds. */
export const grantShowCommand: Command = {
  name: 'grant show',
  summary: 'show which programs a chain lets run, with what, and whether it holds now',
  synopsis: 'FILE',
  positionalsMax: 1,
  flags: {},
  details: ['Signatures, links, times, and what is known here to be taken back. Exit 1 where the chain does not hold.'],
  examples: ['kernell grant show grant.json', 'kernell grant show grant.json --json'],
  async run(context) {
    const { isJson, terminal } = context
    const chain = [...readChainFile(context, subjectOf(context, 'the file of the chain'))]
    const answer = await askRights(context, { op: 'grant-show', chain })
    if (isJson) terminal.printJson(answer)
    else terminal.print(describeGrant(answer))
    return membersOf(answer)['isValid'] === true ? EXIT_CODES.done : EXIT_CODES.failed
  },
}

/** What this key gave. */
export const grantListCommand: Command = {
  name: 'grant list',
  summary: 'show the DID of this key, and what it gave that is not over',
  synopsis: '',
  flags: {},
  examples: ['kernell grant list', 'kernell grant list --json'],
  async run(context) {
    const { isJson, terminal } = context
    const answer = await askRights(context, { op: 'grant-list' })
    if (isJson) terminal.printJson(answer)
    else {
      const links = listOf(answer, 'grants').map(describeLink)
      terminal.print(
        [`self     ${textOf(answer, 'self')}`, ...(links.length > 0 ? links : ['nothing is granted'])].join('\n'),
      )
    }
    return EXIT_CODES.done
  },
}

/** Takes one back. */
export const grantRevokeCommand: Command = {
  name: 'grant revoke',
  summary: 'take a grant back: no program is run by it any more',
  synopsis: 'FILE [--output FILE]',
  positionalsMax: 1,
  flags: {
    output: { value: 'FILE', describe: 'also write the revocation, for the machine that the chain begins with' },
  },
  details: [
    'FILE is a chain whose last link, or one above it, this key gave; the last one is taken back, with all that depends on it, and stays so over restarts. Programs that run already come to their end.',
    'FILE may also be a revocation that another key of the chain wrote with --output: it is taken up here.',
  ],
  examples: ['kernell grant revoke grant.json', 'kernell grant revoke less.json --output revoked.json'],
  async run(context) {
    const { isJson, terminal, flags } = context
    const file = subjectOf(context, 'the file of the chain')
    const request = {
      op: 'grant-revoke',
      chain: [...readChainFile(context, file)],
      revocation: readRevocation(context, file),
    }
    const answer = await askRights(context, request)
    const output = textFlag(flags, 'output')
    if (output !== undefined)
      writeTokens(context, output, { chain: listOf(answer, 'chain'), revocation: textOf(answer, 'revocation') })
    if (isJson) terminal.printJson(answer)
    else
      terminal.print(
        `revoked  ${textOf(answer, 'cid')}${textOf(answer, 'effect') === 'exists' ? ', as it was before' : ''}`,
      )
    return EXIT_CODES.done
  },
}
