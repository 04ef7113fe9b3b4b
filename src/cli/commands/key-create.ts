import { changeKeys } from '../../node/keys/manage-keys.ts'
import type { Command } from '../command.ts'
import { EXIT_CODES } from '../exit-codes.ts'
import {
  formatKey,
  keyDocument,
  PASSPHRASE_FLAG,
  readKeyPassphrase,
  RECOVERY_FLAGS,
  recoveryFlag,
  ROLE_FLAG,
  roleFlag,
} from '../key-flags.ts'
import { nameLockHolder } from '../locked-directory.ts'

/** Makes a key, encrypted on the disk. */
export const keyCreateCommand: Command = {
  name: 'key create',
  summary: 'make a key for a role, encrypted under a passphrase',
  synopsis: '--role node|escrow|notary',
  flags: { ...ROLE_FLAG, ...PASSPHRASE_FLAG, ...RECOVERY_FLAGS },
  details: [
    'The key of role node says who this machine is to others, that of role escrow signs contracts and moves credits, that of role notary signs what a notary orders. No key has two roles.',
    'Name a recovery key now: it cannot be named once the key is lost. Taking over by it is in the library only; no command does it yet.',
  ],
  examples: [
    'KERNELL_KEY_PASSPHRASE=... kernell key create --role escrow',
    'kernell key create --role escrow --passphrase-file secret --recovery-key did:key:z6Mk... --recovery-delay 72',
  ],
  async run(context) {
    const { terminal, isJson } = context
    const role = roleFlag(context)
    const recovery = recoveryFlag(context)
    const passphrase = readKeyPassphrase(context)
    const { dataDir } = context.loadConfig()
    const key = await changeKeys(dataDir, async (keys) => await keys.create({ role, passphrase, ...recovery })).catch(
      (error: unknown) => {
        throw nameLockHolder(error, dataDir)
      },
    )
    if (isJson) terminal.printJson(keyDocument(key))
    else {
      terminal.print(formatKey(key))
      terminal.note('Keep the passphrase: nothing else opens the key. `kernell key export` makes a copy of it.')
    }
    return EXIT_CODES.done
  },
}
