import { makeNotarySet } from '../../node/make-notary-set.ts'
import { refuseUnreachable } from '../../node/market/reachable-address.ts'
import type { Command } from '../command.ts'
import { FORCE_FLAG, outputFlag } from '../data-output.ts'
import { EXIT_CODES } from '../exit-codes.ts'
import { numberFlag, requiredList, usageError } from '../flags.ts'
import { saveArtefact } from '../read-data-files.ts'

const FAULTS_MAX = 33

/** Writes the document that names the notaries of contracts. */
export const notarySetCreateCommand: Command = {
  name: 'notary-set create',
  summary: 'write the document that says which notaries keep a log together',
  synopsis: '--member DID@MULTIADDR... --f N --output SET.json',
  flags: {
    member: { value: 'DID@MULTIADDR', isList: true, describe: 'key and address of a notary; 3 N + 1 of them' },
    f: { value: 'N', describe: `how many of them may lie, 0 to ${FAULTS_MAX} (default 0)` },
    epoch: { value: 'N', describe: 'one more than that of the set that this one follows (default 0)' },
    output: { value: 'FILE', describe: 'where to write it' },
    force: FORCE_FLAG,
  },
  details: [
    'Others find the notary at this address, so it needs a fixed port: /ip4/127.0.0.1/tcp/4100 or /unix/srv/notary.sock, not port 0. It may end with /p2p/ID, the name of the same key; DID may be its peer id.',
    'One notary alone survives crashes, not lies: everything it keeps is labelled C2/f=0.',
  ],
  examples: ['kernell notary-set create --member did:key:z6Mk...@/ip4/192.0.2.1/tcp/4001 --output set.json'],
  async run({ flags, workingDir, isJson, terminal }) {
    const members = requiredList(flags, 'member')
    const f = numberFlag(flags, 'f', { min: 0, max: FAULTS_MAX, isWhole: true }) ?? 0
    const epoch = numberFlag(flags, 'epoch', { min: 0, max: Number.MAX_SAFE_INTEGER, isWhole: true }) ?? 0
    const made = makeNotarySet({ members, f, epoch })
    if (made.kind === 'unreadable') throw usageError(`${made.member} is not DID@MULTIADDR`, { member: made.member })
    if (made.kind === 'of-another')
      throw usageError(`${made.member}: the address is of another node than the key`, { member: made.member })
    if (made.kind === 'made') for (const { address } of made.set.members) refuseUnreachable(address)
    if (made.kind === 'refused') {
      throw usageError(`${made.code}: ${made.cause}`, { code: made.code, remedy: made.remedy })
    }
    const { set, quorum, custody } = made
    const path = outputFlag(flags, 'output', workingDir)
    saveArtefact(path, `${JSON.stringify(set, undefined, 2)}\n`, workingDir)
    if (isJson) terminal.printJson({ id: set.id, epoch, n: members.length, f, custody, file: path })
    else terminal.print(`${path}\nid       ${set.id}\nsigners  ${quorum} of ${members.length}\ncustody  ${custody}`)
    return await Promise.resolve(EXIT_CODES.done)
  },
}
