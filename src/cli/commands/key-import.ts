import { resolve } from 'node:path'
import { bundleOf, changeKey, printKey } from '../change-key.ts'
import type { Command } from '../command.ts'
import { requiredFlag, textFlag, usageError } from '../flags.ts'
import {
  BUNDLE_PASSPHRASE_FLAG,
  PASSPHRASE_FLAG,
  readBundlePassphrase,
  readKeyPassphrase,
  roleFlag,
} from '../key-flags.ts'

/** Takes the keys of a bundle into the data directory. */
export const keyImportCommand: Command = {
  name: 'key import',
  summary: 'take keys from a file that `kernell key export` wrote',
  synopsis: '--input FILE [--role node|escrow|notary]',
  flags: {
    input: { value: 'FILE', describe: 'the bundle' },
    role: { value: 'ROLE', describe: 'refuse a bundle of another role; the bundle itself says what it is for' },
    ...PASSPHRASE_FLAG,
    ...BUNDLE_PASSPHRASE_FLAG,
  },
  details: [
    'A key that is there is never replaced. Two nodes must not use one key: of a notary, only one may ever run.',
  ],
  examples: ['kernell key import --input escrow.key --passphrase-file secret --data-dir /srv/kernell'],
  async run(context) {
    const { flags, workingDir } = context
    const role = textFlag(flags, 'role') === undefined ? undefined : roleFlag(context)
    const file = resolve(workingDir, requiredFlag(flags, 'input'))
    const bundle = bundleOf(file)
    if (role !== undefined && bundle.role !== role)
      throw usageError(`${file} holds the key of role ${bundle.role}, not ${role}`, { file, role: bundle.role })
    const passphrases = { passphrase: readKeyPassphrase(context), bundlePassphrase: readBundlePassphrase(context) }
    return printKey(context, await changeKey(context, async (keys) => await keys.import(bundle.bytes, passphrases)))
  },
}
