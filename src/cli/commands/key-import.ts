import { resolve } from 'node:path'
import { CodedError } from '../../base/errors.ts'
import { changeKeys, readBundle } from '../../node/keys/manage-keys.ts'
import type { Command } from '../command.ts'
import { EXIT_CODES } from '../exit-codes.ts'
import { requiredFlag, textFlag, usageError } from '../flags.ts'
import {
  BUNDLE_PASSPHRASE_FLAG,
  formatKey,
  keyDocument,
  PASSPHRASE_FLAG,
  readBundlePassphrase,
  readKeyPassphrase,
  roleFlag,
} from '../key-flags.ts'
import { nameLockHolder } from '../locked-directory.ts'

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
    const { terminal, isJson, flags, workingDir } = context
    const role = textFlag(flags, 'role') === undefined ? undefined : roleFlag(context)
    const file = resolve(workingDir, requiredFlag(flags, 'input'))
    const bundle = await readBundle(file).catch((error: unknown) => {
      throw CodedError.is(error) ? error : usageError(`The file ${file} cannot be read`, { file })
    })
    if (role !== undefined && bundle.role !== role)
      throw usageError(`${file} holds the key of role ${bundle.role}, not ${role}`, { file, role: bundle.role })
    const passphrases = { passphrase: readKeyPassphrase(context), bundlePassphrase: readBundlePassphrase(context) }
    const { dataDir } = context.loadConfig()
    const key = await changeKeys(dataDir, async (keys) => await keys.import(bundle.bytes, passphrases)).catch(
      (error: unknown) => {
        throw nameLockHolder(error, dataDir)
      },
    )
    if (isJson) terminal.printJson(keyDocument(key))
    else terminal.print(formatKey(key))
    return EXIT_CODES.done
  },
}
