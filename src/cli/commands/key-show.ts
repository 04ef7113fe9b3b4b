import { showKey } from '../../node/keys/manage-keys.ts'
import { printKey } from '../change-key.ts'
import type { Command } from '../command.ts'
import { ROLE_FLAG, roleFlag } from '../key-flags.ts'

/** What anybody may know of a key. */
export const keyShowCommand: Command = {
  name: 'key show',
  summary: 'show the public part of a key',
  synopsis: '--role node|escrow|notary',
  flags: ROLE_FLAG,
  details: [
    'Needs no passphrase, and works while a node has the data directory open. With --json it prints the signed statements about the key as well: keep that file elsewhere, `kernell key recover` needs it when the disk is lost.',
  ],
  examples: ['kernell key show --role escrow', 'kernell key show --role escrow --json > escrow-statements.json'],
  async run(context) {
    return printKey(context, await showKey(context.loadConfig().dataDir, roleFlag(context)))
  },
}
