import { resolve } from 'node:path'
import { advanceSet } from '../../node/market/advance-set.ts'
import { formatNotarySet } from '../../node/market/read-notary-set.ts'
import type { Command } from '../command.ts'
import { FORCE_FLAG, outputFlag } from '../data-output.ts'
import { EXIT_CODES } from '../exit-codes.ts'
import { isFlagSet, textFlag } from '../flags.ts'
import { PASSPHRASE_FLAG, readKeyPassphrase } from '../key-flags.ts'
import { nameLockHolder } from '../locked-directory.ts'
import { saveArtefact } from '../read-data-files.ts'

const LOCKED_REMEDY =
  'Stop that node first, and start it again when the epoch has begun: it goes on in the new one by itself. Or name another directory with `--data-dir`.'

/** Ends the epoch of a lone notary, and begins the next one over the same books. */
export const notarySetAdvanceCommand: Command = {
  name: 'notary-set advance',
  summary: 'begin the next epoch of a lone notary over the same books, signed with its key',
  synopsis: '--output SET.json [--rotate-key] [--confirm-restored] [--address MULTIADDR]',
  flags: {
    output: { value: 'FILE', describe: 'where to write the document of the next set, which leads from the one before' },
    'rotate-key': { describe: 'make another key of role notary, and hand the log on to it' },
    'confirm-restored': {
      describe: 'the books were restored or are an older copy: take back whatever was signed behind their end',
    },
    address: { value: 'MULTIADDR', describe: 'where the notary listens from now on (default: where it did)' },
    'high-water': { value: 'DIR', describe: 'where the notary keeps what it signed last, as of `kernell node`' },
    force: FORCE_FLAG,
    ...PASSPHRASE_FLAG,
  },
  details: [
    'Stop the node first. Credits, contracts and their deadlines go on as they are; the notary of the data directory starts in the new epoch by itself. Whoever works with it needs the new document: `kernell node --notary-set FILE` takes it over the one before, because the key of that one has signed it. A copy of it stays in market/notary-set.json of the data directory.',
    'The epoch ends where the books of the data directory end. After a restore that is earlier than what was signed: certificates behind it are taken back, and whoever holds one has the proof. Restore only what is the newest that there is.',
    'The same place must never be signed twice: where an epoch may have been begun already from this backup, add --rotate-key.',
  ],
  examples: [
    'kernell notary-set advance --confirm-restored --data-dir /srv/notary --output set-2.json',
    'kernell notary-set advance --rotate-key --data-dir /srv/notary --output set-2.json',
  ],
  async run(context) {
    const { flags, workingDir, isJson, terminal, environment } = context
    const path = outputFlag(flags, 'output', workingDir)
    const highWater = textFlag(flags, 'high-water')
    const passphrase = readKeyPassphrase(context)
    const config = context.loadConfig()
    const { dataDir } = config
    const { lineage, slot } = await advanceSet({
      dataDir,
      config,
      environment,
      passphrase,
      isKeyRotated: isFlagSet(flags, 'rotate-key'),
      isRestoredConfirmed: isFlagSet(flags, 'confirm-restored'),
      address: textFlag(flags, 'address'),
      highWater: highWater === undefined ? undefined : resolve(workingDir, highWater),
    }).catch((error: unknown) => {
      throw nameLockHolder(error, dataDir, LOCKED_REMEDY)
    })
    saveArtefact(path, formatNotarySet(lineage), workingDir)
    const { set, before } = lineage
    const [key = ''] = set.members.map((member) => member.key)
    const from = before.at(-1)?.set.id ?? ''
    if (isJson) terminal.printJson({ id: set.id, epoch: set.epoch, from, slot, key, file: path })
    else
      terminal.print(
        `${path}\nid       ${set.id}\nepoch    ${set.epoch}, behind slot ${slot} of ${from}\nkey      ${key}`,
      )
    return EXIT_CODES.done
  },
}
