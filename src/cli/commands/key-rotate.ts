import { rotateKey } from '../../node/keys/manage-keys.ts'
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

/** Puts another key in the place of one; the ones before are kept. */
export const keyRotateCommand: Command = {
  name: 'key rotate',
  summary: 'make another key in place of one, signed by both',
  synopsis: '--role node|escrow|notary',
  flags: { ...ROLE_FLAG, ...PASSPHRASE_FLAG, ...RECOVERY_FLAGS },
  details: [
    'Stop the node of the data directory first. Contracts that the key before has signed end by their own timers; what was sealed for it can still be opened.',
    'Credits and a currency that the key issues do not move to the new key: leave a key alone that has any of them. The key of a notary whose set names it is refused: `kernell notary-set advance --rotate-key` hands the log on to another one.',
    'The recovery key stays the same unless another is named.',
  ],
  examples: ['kernell key rotate --role escrow --passphrase-file secret --recovery-key did:key:z6Mk...'],
  async run(context) {
    const { terminal, isJson } = context
    const role = roleFlag(context)
    const recovery = recoveryFlag(context)
    const passphrase = readKeyPassphrase(context)
    const { dataDir } = context.loadConfig()
    const key = await rotateKey(dataDir, { role, passphrase, ...recovery }).catch((error: unknown) => {
      throw nameLockHolder(error, dataDir)
    })
    if (isJson) terminal.printJson(keyDocument(key))
    else terminal.print(formatKey(key))
    return EXIT_CODES.done
  },
}
