import { CodedError } from '../../base/errors.ts'
import { exportBooksOf } from '../../node/market/copies/export-books-of.ts'
import type { Command, CommandContext } from '../command.ts'
import { outputFlag } from '../data-output.ts'
import { EXIT_CODES } from '../exit-codes.ts'
import { numberFlag, textFlag, usageError } from '../flags.ts'
import { NODE_FLAGS, useMarket } from '../market-control.ts'
import { saveArtefact } from '../read-data-files.ts'
import { membersOf, numberOf, textOf, textsOf } from '../registered-policies.ts'

/** Proof that an entry is in the journal, or that the journal only grew. */
export const ledgerProveCommand: Command = {
  name: 'ledger prove',
  summary: 'prove that an entry is in the journal of the notary, or that the journal only grew',
  synopsis: '--entry N | --from N [--output FILE]',
  flags: {
    entry: { value: 'N', describe: 'position in the journal, from 0' },
    from: { value: 'N', describe: 'number of entries of an earlier checkpoint: that the journal begins with them' },
    output: { value: 'FILE', describe: 'where to write the proof; default: it is shown' },
    force: { describe: 'replace a file that is there' },
    ...NODE_FLAGS,
  },
  details: [
    'The proof is a path of hashes (RFC 6962) to the root of a checkpoint that the notary has signed, and carries that checkpoint: `kernell ledger verify FILE` checks it without asking anybody.',
    'An entry that no checkpoint covers yet waits for the next one, some seconds.',
  ],
  examples: [
    'kernell ledger prove --entry 12 --output proof.json && kernell ledger verify proof.json --notary-set set.json',
  ],
  async run(context) {
    const { flags, terminal, isJson, workingDir } = context
    const [entry, from] = ['entry', 'from'].map((name) =>
      numberFlag(flags, name, { min: 0, max: Number.MAX_SAFE_INTEGER, isWhole: true }),
    )
    if ((entry === undefined) === (from === undefined)) throw usageError('Give one of --entry and --from')
    const path = textFlag(flags, 'output') === undefined ? undefined : outputFlag(flags, 'output', workingDir)
    const request = entry === undefined ? { op: 'growth', from } : { op: 'prove', entry }
    const proof = await useMarket(context, async ({ ask }) => await ask(request))
    if (path !== undefined) saveArtefact(path, `${JSON.stringify(proof)}\n`, workingDir)
    const { checkpoint } = membersOf(membersOf(proof)['checkpoint'])
    if (isJson) terminal.printJson(proof)
    else
      terminal.print(
        [
          entry === undefined
            ? `the first ${from ?? 0} of ${numberOf(proof, 'to') ?? 0}`
            : `entry ${entry} of ${numberOf(proof, 'entries') ?? 0}`,
          ...(entry === undefined ? [] : [`hash       ${textOf(proof, 'entryHash')}`]),
          `root       ${textOf(proof, entry === undefined ? 'toRoot' : 'root')}`,
          ...textsOf(proof, 'proof').map((hash) => `           ${hash}`),
          `signed by  ${textOf(checkpoint, 'signer')}`,
          ...(path === undefined ? [] : [`Wrote ${path}`]),
        ].join('\n'),
      )
    return EXIT_CODES.done
  },
}

/** Where the journal stands, over the signature of the notary. */
export const ledgerCheckpointCommand: Command = {
  name: 'ledger checkpoint',
  summary: 'show where the journal of the notary stands, signed by it',
  synopsis: '[--output FILE]',
  flags: {
    output: { value: 'FILE', describe: 'where to write it; default: it is shown' },
    force: { describe: 'replace a file that is there' },
    ...NODE_FLAGS,
  },
  details: [
    'Keep it: a notary that later shows another journal of so many entries convicts itself. Of a notary that runs elsewhere it is the newest one, at most some seconds behind.',
  ],
  examples: ['kernell ledger checkpoint --output today.json'],
  async run(context) {
    const { flags, terminal, isJson, workingDir } = context
    const path = textFlag(flags, 'output') === undefined ? undefined : outputFlag(flags, 'output', workingDir)
    const signed = await useMarket(context, async ({ ask }) => await ask({ op: 'checkpoint' }))
    if (path !== undefined) saveArtefact(path, `${JSON.stringify(signed)}\n`, workingDir)
    const { checkpoint } = membersOf(signed)
    if (isJson) terminal.printJson(signed)
    else
      terminal.print(
        [
          `entries    ${numberOf(checkpoint, 'entries') ?? 0}`,
          `head       ${textOf(checkpoint, 'head')}`,
          `root       ${textOf(checkpoint, 'root')}`,
          `signed by  ${textOf(checkpoint, 'signer')}`,
          ...(path === undefined ? [] : [`Wrote ${path}`]),
        ].join('\n'),
      )
    return EXIT_CODES.done
  },
}

/** A copy of the books that anybody can verify. */
export const ledgerExportCommand: Command = {
  name: 'ledger export',
  summary: 'write the books of this notary to a file that anybody can verify',
  synopsis: '--output F.jsonl',
  flags: {
    output: { value: 'F.jsonl', describe: 'where to write it' },
    force: { describe: 'replace a file that is there' },
  },
  details: [
    'Reads the data directory of a notary, or the store that `storage` names. One that runs signs a checkpoint first, and the copy ends with it; one that was stopped has signed at its end. After a crash the last entries may have none: start the notary and stop it, or export while it runs.',
    '`kernell ledger verify` checks the copy.',
  ],
  examples: ['kernell ledger export --output books.jsonl --data-dir /srv/notary'],
  async run(context) {
    const { flags, terminal, isJson, workingDir, loadConfig, environment, signal } = context
    const file = outputFlag(flags, 'output', workingDir)
    const upTo = await sealBooks(context)
    const config = loadConfig()
    const { dataDir } = config
    const written = await exportBooksOf({
      config,
      environment,
      dataDir,
      file,
      signal,
      ...(upTo !== undefined && { upTo }),
    })
    const { lines, entries, covered } = written
    if (isJson) terminal.printJson(written)
    else terminal.print(`Wrote ${file}, ${lines} lines, ${entries} entries, ${covered} of them signed for`)
    if (covered < entries)
      terminal.note(`No checkpoint covers entries ${covered} to ${entries - 1}: export again while the notary runs`)
    return EXIT_CODES.done
  },
}

/** Has the node that runs in the directory sign how far its books go; `undefined` where none does. */
async function sealBooks(context: CommandContext): Promise<number | undefined> {
  try {
    const signed = await useMarket(context, async ({ ask }) => await ask({ op: 'checkpoint' }))
    return numberOf(membersOf(signed)['checkpoint'], 'entries')
  } catch (error: unknown) {
    if (CodedError.is(error, 'MARKET_NODE_MISSING') || CodedError.is(error, 'MARKET_ROLE_MISSING')) return undefined
    throw error
  }
}
