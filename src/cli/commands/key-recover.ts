import { resolve } from 'node:path'
import { openBundle, readStatements, type SignedKeyStatement } from '../../node/keys/manage-keys.ts'
import { bundleOf, changeKey, printKey } from '../change-key.ts'
import type { Command } from '../command.ts'
import { requiredFlag, usageError } from '../flags.ts'
import {
  BUNDLE_PASSPHRASE_FLAG,
  PASSPHRASE_FLAG,
  readBundlePassphrase,
  readKeyPassphrase,
  RECOVERY_FLAGS,
  recoveryFlag,
  ROLE_FLAG,
  roleFlag,
} from '../key-flags.ts'
import { unreadableFile } from '../../node/unreadable-file.ts'

/** Makes a key in place of one that was lost. */
export const keyRecoverCommand: Command = {
  name: 'key recover',
  summary: 'make a key in place of one that was lost, with its recovery key',
  synopsis: '--role node|escrow|notary --statements FILE --recovery-bundle FILE',
  flags: {
    ...ROLE_FLAG,
    statements: {
      value: 'FILE',
      describe: 'statements about the lost key: what `key show --json` printed, a bundle of it, or its key file',
    },
    'recovery-bundle': { value: 'FILE', describe: 'the recovery key, as `key export` wrote it' },
    ...BUNDLE_PASSPHRASE_FLAG,
    ...PASSPHRASE_FLAG,
    ...RECOVERY_FLAGS,
  },
  details: [
    'The whole way, for an escrow key that is lost with credits on its account. Before: `kernell key create --role escrow --recovery-key R`, where R is an escrow key in a data directory of its own, kept elsewhere; the node has told R and the delay to its notary set.',
    '1. `kernell key recover`, in a new data directory, makes the key S that takes the place. Of the lost key it needs what is public only: its key file still has that when the passphrase is forgotten.',
    '2. A node on the data directory of R: `kernell ledger recovery request --account LOST --successor S`. The delay begins; who still has the lost key, a thief or you, may object with `kernell ledger recovery cancel`.',
    '3. A node on the data directory of S: when the delay has passed it completes the recovery by itself; `kernell ledger recovery complete --account LOST` does it at once. From then on the lost key may do nothing, and what its accounts have and get is moved to that of S.',
    'Contracts of the lost key end by their timers meanwhile: `kernell escrow inbox` of the other party shows by when. Nobody can recover a key for which no recovery key was named.',
  ],
  examples: [
    'kernell key recover --role escrow --statements escrow-statements.json --recovery-bundle recovery.key --data-dir /srv/kernell-2',
  ],
  async run(context) {
    const { flags, workingDir } = context
    const role = roleFlag(context)
    const recovery = recoveryFlag(context)
    const file = resolve(workingDir, requiredFlag(flags, 'statements'))
    const bundleFile = resolve(workingDir, requiredFlag(flags, 'recovery-bundle'))
    const chain = statementsOf(file)
    const bundle = bundleOf(bundleFile)
    const passphrase = readKeyPassphrase(context)
    const recoverySigner = await openBundle(bundle.bytes, readBundlePassphrase(context))
    const request = { role, passphrase, chain, recoverySigner, ...recovery }
    const key = await changeKey(context, async (keys) => await keys.recover(request))
    const lost = chain.at(-1)?.statement.key ?? ''
    return printKey(
      context,
      key,
      role === 'escrow'
        ? `Next, with the recovery key: kernell ledger recovery request --account ${lost} --successor ${key.did}`
        : 'Others take the key once the delay has passed since they first saw its statements.',
    )
  },
}

function statementsOf(file: string): readonly SignedKeyStatement[] {
  let chain: readonly SignedKeyStatement[] | undefined
  try {
    chain = readStatements(file)
  } catch (cause: unknown) {
    throw unreadableFile('COMMAND_INVALID', { named: `The file ${file}`, file, cause })
  }
  if (chain === undefined) throw usageError(`${file} holds no statements about a key`, { file })
  return chain
}
