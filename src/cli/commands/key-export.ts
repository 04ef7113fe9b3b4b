import { writeFileSync } from 'node:fs'
import { CodedError } from '../../base/errors.ts'
import { exportKey, showKey } from '../../node/keys/manage-keys.ts'
import type { Command } from '../command.ts'
import { outputFlag } from '../data-output.ts'
import { EXIT_CODES } from '../exit-codes.ts'
import {
  BUNDLE_PASSPHRASE_FLAG,
  keyDocument,
  PASSPHRASE_FLAG,
  readBundlePassphrase,
  readKeyPassphrase,
  ROLE_FLAG,
  roleFlag,
} from '../key-flags.ts'

/** Writes the keys of a role to an encrypted file. */
export const keyExportCommand: Command = {
  name: 'key export',
  summary: 'write the keys of a role to an encrypted file',
  synopsis: '--role node|escrow|notary --output FILE',
  flags: {
    ...ROLE_FLAG,
    output: { value: 'FILE', describe: 'where to write the bundle; a file that is there is never written over' },
    ...PASSPHRASE_FLAG,
    ...BUNDLE_PASSPHRASE_FLAG,
  },
  details: ['Whoever has the file and its passphrase has the key. `kernell key import` reads it.'],
  examples: ['kernell key export --role escrow --passphrase-file secret --output escrow.key'],
  async run(context) {
    const { terminal, isJson, flags, workingDir } = context
    const role = roleFlag(context)
    const file = outputFlag(flags, 'output', workingDir)
    const { dataDir } = context.loadConfig()
    const key = await showKey(dataDir, role)
    const passphrases = { passphrase: readKeyPassphrase(context), bundlePassphrase: readBundlePassphrase(context) }
    write(file, await exportKey(dataDir, { role, ...passphrases }))
    if (isJson) terminal.printJson({ ...keyDocument(key), file })
    else terminal.print(`Wrote ${file} with the keys of ${key.did}`)
    return EXIT_CODES.done
  },
}

function write(file: string, bytes: Uint8Array): void {
  try {
    writeFileSync(file, bytes, { mode: 0o600, flag: 'wx', flush: true })
  } catch (cause: unknown) {
    throw new CodedError('STORE_WRITE_FAILED', { message: `${file} cannot be written`, cause, details: { file } })
  }
}
