import { writeFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { describeChain, describeToken } from '../capability-document.ts'
import type { Command, CommandContext } from '../command.ts'
import { EXIT_CODES } from '../exit-codes.ts'
import { textFlag, usageError } from '../flags.ts'
import { NODE_FLAGS, subjectOf, useMarket } from '../market-control.ts'
import { jsonFlag } from '../market-flags.ts'
import { listOf, membersOf, numberOf, textOf } from '../registered-policies.ts'

/** What a chain grants, and whether it holds. */
export const capabilityShowCommand: Command = {
  name: 'capability show',
  summary: 'show what a chain of capability tokens grants, and whether it holds now',
  synopsis: 'FILE',
  positionalsMax: 1,
  flags: NODE_FLAGS,
  details: [
    'Signatures, links, times, and the revocations that this node knows. Exit 1 where the chain does not hold.',
  ],
  examples: ['kernell capability show helper.json', 'kernell capability show helper.json --json'],
  async run(context) {
    const { isJson, terminal } = context
    const chain = chainIn(context, subjectOf(context, 'the file of the chain'))
    const answer = await useMarket(context, async ({ ask }) => await ask({ op: 'capability-show', chain }))
    if (isJson) terminal.printJson(answer)
    else terminal.print(describeChain(answer))
    return membersOf(answer)['isValid'] === true ? EXIT_CODES.done : EXIT_CODES.failed
  },
}

/** What this node gave out. */
export const capabilityListCommand: Command = {
  name: 'capability list',
  summary: 'show the capability tokens that this node gave out and that are not over',
  synopsis: '',
  flags: NODE_FLAGS,
  examples: ['kernell capability list', 'kernell capability list --json'],
  async run(context) {
    const { isJson, terminal } = context
    const answer = await useMarket(context, async ({ ask }) => await ask({ op: 'capability-list' }))
    if (isJson) terminal.printJson(answer)
    else terminal.print(listOf(answer, 'tokens').map(describeToken).join('\n') || 'Nobody acts for this key')
    return EXIT_CODES.done
  },
}

/** Takes one back. */
export const capabilityRevokeCommand: Command = {
  name: 'capability revoke',
  summary: 'take a delegation back: no contract is signed by it any more',
  synopsis: 'FILE [--output FILE]',
  positionalsMax: 1,
  flags: {
    output: { value: 'FILE', describe: 'also write the revocation, for nodes that this one does not reach' },
    ...NODE_FLAGS,
  },
  details: [
    'FILE is a chain whose last delegation, or one above it, this key gave; the last one is taken back. It is told to the notary set, whose stamp counts: what both have signed before goes on. Nodes that can be reached sign nothing by it from then on.',
    'FILE may also be a revocation that another key wrote with --output: it is taken up and told on.',
  ],
  examples: ['kernell capability revoke helper.json', 'kernell capability revoke helper.json --output revoked.json'],
  async run(context) {
    const { isJson, terminal, flags, workingDir } = context
    const text = chainIn(context, subjectOf(context, 'the file of the chain'))
    const document: unknown = JSON.parse(text)
    const revocation =
      typeof document === 'object' && document !== null && 'revocation' in document ? document.revocation : undefined
    if (revocation !== undefined && typeof revocation !== 'string') throw usageError('A revocation is a token')
    const request = { op: 'capability-revoke', chain: text, revocation }
    const answer = await useMarket(context, async ({ ask }) => await ask(request))
    const output = textFlag(flags, 'output')
    if (output !== undefined) {
      const { chain = [], revocation: token = '' } = membersOf(answer)
      writeFileSync(resolve(workingDir, output), `${JSON.stringify({ v: 1, chain, revocation: token })}\n`)
    }
    const isTaken = textOf(answer, 'notary') !== 'refused'
    if (isJson) terminal.printJson(answer)
    else
      terminal.print(
        [
          `revoked  ${textOf(answer, 'cid')}`,
          `notaries ${isTaken ? textOf(answer, 'notary') : `refused: ${textOf(answer, 'code')}`}`,
          `nodes    ${numberOf(answer, 'peers') ?? 0} told`,
        ].join('\n'),
      )
    return isTaken ? EXIT_CODES.done : EXIT_CODES.refused
  },
}

function chainIn({ workingDir }: CommandContext, file: string): string {
  return jsonFlag({ flags: { file }, workingDir }, 'file') ?? ''
}
