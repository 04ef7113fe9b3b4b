import { changeKey, printKey } from '../change-key.ts'
import type { Command } from '../command.ts'
import { PASSPHRASE_FLAG, readKeyPassphrase, RECOVERY_FLAGS, recoveryFlag, ROLE_FLAG, roleFlag } from '../key-flags.ts'

/** Makes a key, encrypted on the disk. */
export const keyCreateCommand: Command = {
  name: 'key create',
  summary: 'make a key for a role, encrypted under a passphrase',
  synopsis: '--role node|escrow|notary',
  flags: { ...ROLE_FLAG, ...PASSPHRASE_FLAG, ...RECOVERY_FLAGS },
  details: [
    'The key of role node says who this machine is to others, that of role escrow signs contracts and moves credits, that of role notary signs what a notary orders. No key has two roles. The passphrase has 12 characters at least.',
    'Name a recovery key now: it cannot be named once the key is lost. It is the DID of an escrow key that is kept elsewhere, made there with this very command in a data directory of its own. A node tells the recovery key of its escrow key to its notary set when it first speaks to it.',
    'What to do when the key is lost: `kernell help key recover`.',
  ],
  examples: [
    'KERNELL_KEY_PASSPHRASE=... kernell key create --role escrow',
    'kernell key create --role escrow --passphrase-file secret --recovery-key did:key:z6Mk... --recovery-delay 72',
  ],
  async run(context) {
    const role = roleFlag(context)
    const recovery = recoveryFlag(context)
    const passphrase = readKeyPassphrase(context)
    const key = await changeKey(context, async (keys) => await keys.create({ role, passphrase, ...recovery }))
    const lost =
      role === 'escrow' && key.recovery === undefined
        ? ' It has no recovery key: credits of a key that is lost are lost with it.'
        : ''
    const note = `Keep the passphrase: nothing else opens the key. \`kernell key export\` makes a copy of it.${lost}`
    return printKey(context, key, note)
  },
}
