import type { JsonValue } from '../../base/canonical-json.ts'
import { makeRunOrder } from '../../node/rights/run-order.ts'
import type { Command, CommandContext } from '../command.ts'
import { EXIT_CODES, type ExitCode } from '../exit-codes.ts'
import { type FlagTable, isFlagSet, numberFlag, requiredFlag, textFlag, usageError } from '../flags.ts'
import { describeGrant } from '../grant-document.ts'
import { readChainFile, writeTokens } from '../grant-files.ts'
import { RIGHTS_FLAGS, rightsOfFlags } from '../grant-rights.ts'
import { listOf } from '../registered-policies.ts'
import { askRights } from '../running-control.ts'
import { filesOf, programOf, readPolicyFile } from '../sandbox-program.ts'

const WORDS_MAX = 4_096
const HOUR_MS = 3_600_000
const GIVING_FLAGS: FlagTable = {
  to: { value: 'DID', describe: 'who may have it run: `kernell grant list` of theirs says its DID' },
  ...RIGHTS_FLAGS,
  'valid-hours': { value: 'N', describe: 'how long it is valid, at most 8784 (default 24)' },
  output: { value: 'FILE', describe: 'where to write the chain for whoever may have it run' },
}

/** A first link: this machine is lent. */
export const grantIssueCommand: Command = {
  name: 'grant issue',
  summary: 'let another key have programs run on this machine, within limits',
  synopsis: '--to DID --policy FILE (--code HASH | --any-program | -- PROGRAM ...) --output FILE',
  positionalsMax: WORDS_MAX,
  flags: { 'any-program': { describe: 'whatever program it is' }, ...GIVING_FLAGS },
  details: [
    'The other key orders runs with `kernell grant order`, and passes on less with `kernell grant attenuate`. What is run here, `kernell audit list` shows; `kernell grant revoke` takes it back.',
    'It is signed by the key of the data directory, in the form of UCAN 1.0. What the policy does not name is not granted.',
  ],
  examples: [
    'kernell grant issue --to did:key:z6Mk... --policy policy.json --cpu-ms 2000 --valid-hours 8 --output grant.json -- /usr/bin/sort',
  ],
  async run(context) {
    requiredFlag(context.flags, 'policy')
    const rights = rightsOfFlags(context)
    if ((rights['codes'] === undefined) !== isFlagSet(context.flags, 'any-program'))
      throw usageError('Name the program, --code HASH or behind `--`, or give --any-program')
    return await give(context, { op: 'grant-issue', rights })
  },
}

/** One more link: less than there was. */
export const grantAttenuateCommand: Command = {
  name: 'grant attenuate',
  summary: 'pass on what a chain grants to this key, or less of it',
  synopsis: '--chain FILE --to DID [--policy FILE] [--code HASH | -- PROGRAM ...] --output FILE',
  positionalsMax: WORDS_MAX,
  flags: { chain: { value: 'FILE', describe: 'the chain that ends at this key' }, ...GIVING_FLAGS },
  details: ['What is not said is passed on as it is. More than the chain grants is refused, with exit 3.'],
  examples: ['kernell grant attenuate --chain grant.json --to did:key:z6Mk... --cpu-ms 500 --output less.json'],
  async run(context) {
    const chain = [...readChainFile(context, requiredFlag(context.flags, 'chain'))]
    return await give(context, { op: 'grant-attenuate', chain, rights: rightsOfFlags(context) })
  },
}

/** One use. */
export const grantOrderCommand: Command = {
  name: 'grant order',
  summary: 'order one run of one program, by what a chain grants to this key',
  synopsis: '--chain FILE --policy FILE --output FILE -- PROGRAM [ARGUMENT ...]',
  positionalsMax: WORDS_MAX,
  flags: {
    chain: { value: 'FILE', describe: 'the chain that ends at this key; default: none, for the machine of this key' },
    policy: { value: 'FILE', describe: 'what the program asks for, within what the chain grants' },
    file: {
      value: 'FILE',
      isList: true,
      describe: 'a file that lies in its directory, as `sandbox run --file` puts it there',
    },
    'valid-minutes': { value: 'N', describe: 'how long it may be shown, at most 1440 (default 10)' },
    output: { value: 'FILE', describe: 'where to write the order' },
  },
  details: [
    'It counts once: `kernell sandbox run --capability FILE -- PROGRAM` on the machine that the chain begins with. There it is judged; here nothing but its form is.',
  ],
  examples: ['kernell grant order --chain grant.json --policy policy.json --output order.json -- /usr/bin/sort'],
  async run(context) {
    const { flags, isJson, terminal } = context
    const file = textFlag(flags, 'chain')
    const output = requiredFlag(flags, 'output')
    const minutes = numberFlag(flags, 'valid-minutes', { min: 0.01, max: 1_440 }) ?? 10
    const shown = await makeRunOrder({
      dataDir: context.loadConfig().dataDir,
      policy: readPolicyFile(context, requiredFlag(flags, 'policy')),
      program: programOf(context, 'auto'),
      files: filesOf(context),
      chain: file === undefined ? [] : readChainFile(context, file),
      // The whole second in which it ends counts as well.
      validMs: Math.max(minutes * 60_000 - 1_000, 1),
    })
    writeTokens(context, output, shown)
    if (isJson) terminal.printJson({ ...shown })
    else terminal.note(`The order is in ${output}: it may be shown once, within ${minutes} minutes`)
    return EXIT_CODES.done
  },
}

type Giving = { readonly op: string; readonly rights: JsonValue; readonly chain?: JsonValue }

async function give(context: CommandContext, giving: Giving): Promise<ExitCode> {
  const { flags, isJson, terminal } = context
  const hours = numberFlag(flags, 'valid-hours', { min: 0.001, max: 8_784 }) ?? 24
  const output = requiredFlag(flags, 'output')
  const request = { ...giving, to: requiredFlag(flags, 'to'), validMs: Math.round(hours * HOUR_MS) }
  const answer = await askRights(context, request)
  writeTokens(context, output, { chain: listOf(answer, 'chain') })
  if (isJson) terminal.printJson(answer)
  else {
    terminal.print(describeGrant(answer))
    terminal.note(`The chain is in ${output}: hand it over`)
  }
  return EXIT_CODES.done
}
