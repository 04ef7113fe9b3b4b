import type { JsonValue } from '../../base/canonical-json.ts'
import type { Command } from '../command.ts'
import { EXIT_CODES } from '../exit-codes.ts'
import { numberFlag, usageError } from '../flags.ts'
import { formatCredits } from '../../base/format-credits.ts'
import { NODE_FLAGS, subjectOf, useMarket } from '../market-control.ts'
import { membersOf, textOf, textsOf } from '../registered-policies.ts'

/** What machines say of a dispute. */
export const escrowReplicateCommand: Command = {
  name: 'escrow replicate',
  summary: 'see what the predicate and other sellers say of a dispute that you rule on',
  synopsis: 'ID [--replicas N]',
  positionalsMax: 1,
  flags: {
    replicas: { value: 'N', describe: 'sellers that run the task again, 2 to 32 (default 3)' },
    ...NODE_FLAGS,
  },
  details: [
    'For an arbiter of the contract, once the record is closed. A party shows what was delivered, and the acceptance predicate is run on it. Where it is undecided and asks for another run (re-execution-near), sellers that offered with --replicate, for no more than the price of the contract or with this arbiter named, run the task: all commit to their results before any shows its own.',
    'Keys cost nothing, so only sellers are asked that this node knows: attested with `kernell market attest DID --capability replica`, right in an earlier dispute, or of good name by its own contracts. One of each node is drawn, by lot.',
    'Nothing is ruled: `kernell escrow rule` signs a split. One record is replicated once; asked again the answer is the same.',
  ],
  examples: ['kernell escrow replicate 5f0c...', 'kernell escrow replicate 5f0c... --replicas 5 --json'],
  async run(context) {
    const { terminal, isJson, flags } = context
    const contract = subjectOf(context, 'the contract: its 64 digits')
    if (!/^[0-9a-f]{64}$/.test(contract)) throw usageError('A contract is named by 64 hexadecimal digits')
    const replicas = numberFlag(flags, 'replicas', { min: 2, max: 32, isWhole: true })
    const answer = await useMarket(context, async ({ ask }) => await ask({ op: 'replicate', contract, replicas }))
    if (isJson) terminal.printJson(answer)
    else terminal.print(describe(answer))
    return EXIT_CODES.done
  },
}

function describe(answer: JsonValue): string {
  const outcome = textOf(answer, 'outcome')
  const replicas = membersOf(answer)['replicas'] ?? null
  const workerNanos = textOf(answer, 'workerNanos')
  return [
    `predicate ${outcome === '' ? 'not run: nobody shows what was delivered' : outcome}`,
    ...(replicas === null ? [] : replicaLines(answer, replicas)),
    workerNanos === ''
      ? 'undecided: it is for you to rule'
      : `worker    ${formatCredits(workerNanos, textOf(answer, 'currency'))}, by what was found`,
  ].join('\n')
}

function replicaLines(answer: JsonValue, replicas: JsonValue): readonly string[] {
  const result = textOf(replicas, 'result')
  const isSame = result === textOf(answer, 'delivered')
  const said = result === '' ? 'no result that is credible enough' : `${result}${isSame ? ', as delivered' : ''}`
  return [
    `replicas  ${said}`,
    ...textsOf(replicas, 'agreed').map((did) => `  agrees  ${did}`),
    ...textsOf(replicas, 'dissented').map((did) => `  differs ${did}`),
    ...textsOf(replicas, 'silent').map((did) => `  silent  ${did}`),
  ]
}
