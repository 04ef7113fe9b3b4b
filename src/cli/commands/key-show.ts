import { showKey } from '../../node/keys/manage-keys.ts'
import type { Command } from '../command.ts'
import { EXIT_CODES } from '../exit-codes.ts'
import { formatKey, keyDocument, ROLE_FLAG, roleFlag } from '../key-flags.ts'

/** What anybody may know of a key. */
export const keyShowCommand: Command = {
  name: 'key show',
  summary: 'show the public part of a key',
  synopsis: '--role node|escrow|notary',
  flags: ROLE_FLAG,
  details: ['Needs no passphrase, and works while a node has the data directory open.'],
  examples: ['kernell key show --role escrow', 'kernell key show --role notary --json'],
  async run(context) {
    const { terminal, isJson } = context
    const key = await showKey(context.loadConfig().dataDir, roleFlag(context))
    if (isJson) terminal.printJson(keyDocument(key))
    else terminal.print(formatKey(key))
    return EXIT_CODES.done
  },
}
