import { refuseRotationInContracts, refuseRotationOfMember } from '../../node/keys/refuse-rotation.ts'
import { changeKey, printKey } from '../change-key.ts'
import type { Command } from '../command.ts'
import { PASSPHRASE_FLAG, readKeyPassphrase, RECOVERY_FLAGS, recoveryFlag, ROLE_FLAG, roleFlag } from '../key-flags.ts'

const NOTES = {
  escrow:
    'Start the node again: it tells its notary set that this key takes the place of the one before, goes on with the contracts that one has signed, and moves what its accounts have, now and later, to the account of this key. Make standing offers again with `kernell market offer`.',
  node: 'Others know this node by its new name only: tell them, where they have it among their --bootstrap.',
  notary:
    'Name this key with --member where a notary set is made. A document that names the key before is of no use here any more, also where it was made and never started: make it again with `kernell notary-set create`.',
} as const

/** Puts another key in the place of one; the ones before are kept. */
export const keyRotateCommand: Command = {
  name: 'key rotate',
  summary: 'make another key in place of one, signed by both',
  synopsis: '--role node|escrow|notary',
  flags: { ...ROLE_FLAG, ...PASSPHRASE_FLAG, ...RECOVERY_FLAGS },
  details: [
    'Stop the node of the data directory first, and start it again afterwards. The keys before stay in the key file: what was sealed for them can still be opened.',
    'role escrow: the next start of the node tells the notary set, by a message that both keys sign. From then on the new key alone moves credits of the account, and issues and reconciles the currencies of the one before, whose names stay. Contracts whose price is held go on under the key that signed them; nothing new is signed with it. Credits move to the account of the new key, those that contracts pay out later within a minute. Offers of the key before count no more, and its reputation stays its own.',
    'role node: refused while contracts go on, since others reach this node by its name.',
    'role notary: refused for a key that the notary set of this data directory names, since nobody could sign for what that set keeps; `kernell notary-set advance --rotate-key` hands its log on to another key. A set is of the directory from its first start on: a document that was made before and never started has to be made again.',
    'The recovery key stays the same unless another is named; for the account of a key before, the one that was named first stays.',
  ],
  examples: ['kernell key rotate --role escrow --passphrase-file secret --recovery-key did:key:z6Mk...'],
  async run(context) {
    const role = roleFlag(context)
    const recovery = recoveryFlag(context)
    const passphrase = readKeyPassphrase(context)
    const key = await changeKey(context, async (keys, directory) => {
      if (role === 'notary') await refuseRotationOfMember(directory.path)
      if (role === 'node') await refuseRotationInContracts(directory)
      return await keys.rotate({ role, passphrase, ...recovery })
    })
    return printKey(context, key, NOTES[role])
  },
}
