import { existsSync } from 'node:fs'
import { resolve } from 'node:path'
import { readNotarySet } from '../../node/market/read-notary-set.ts'
import { type JournalVerification, verifyBooks } from '../../node/market/verify-books.ts'
import type { Command } from '../command.ts'
import { EXIT_CODES } from '../exit-codes.ts'
import { textFlag, usageError } from '../flags.ts'

/** Checks a copy of the books from its bytes alone. */
export const ledgerVerifyCommand: Command = {
  name: 'ledger verify',
  summary: 'check a copy of the books: hashes, replay, sums, signatures, contradictions',
  synopsis: 'FILE|DIR',
  positionalsMax: 1,
  flags: {
    'notary-set': { value: 'SET.json', describe: 'whose signatures count; without it those of any key do' },
    against: { value: 'FILE|DIR', describe: 'another copy: where the two part, and who has signed both sides' },
  },
  details: [
    'FILE is what `kernell ledger export` wrote; DIR is the data directory of a notary, which may be running, or a copy of it. Nothing is changed and nobody is asked.',
    'Every event is replayed, so sums and rules are those of the contracts themselves, not of what somebody says of them. Exit 1 when anything is wrong.',
  ],
  examples: [
    'kernell ledger verify books.jsonl --notary-set set.json',
    'kernell ledger verify /srv/notary --against books-of-my-bank.jsonl --json',
  ],
  async run({ positionals, flags, terminal, isJson, workingDir, signal }) {
    const [path] = positionals
    if (path === undefined) throw usageError('Name the copy: a file, or a data directory')
    const setFile = textFlag(flags, 'notary-set')
    const against = textFlag(flags, 'against')
    for (const copy of [path, against ?? path])
      if (!existsSync(resolve(workingDir, copy))) throw usageError(`The copy ${copy} is not there`, { file: copy })
    const verification = await verifyBooks({
      path: resolve(workingDir, path),
      signal,
      ...(setFile !== undefined && { set: await readNotarySet(resolve(workingDir, setFile)) }),
      ...(against !== undefined && { against: resolve(workingDir, against) }),
    })
    if (isJson) terminal.printJson(verification)
    else terminal.print(format(verification))
    return verification.ok ? EXIT_CODES.done : EXIT_CODES.failed
  },
}

function format(verification: JournalVerification): string {
  const { ok, entries, head, checkpoints, signaturesChecked, sums, firstBad, equivocations, against } = verification
  const lines = [
    ok ? 'The books are right' : 'The books are NOT right',
    `entries      ${entries}`,
    `head         ${head === null ? 'none' : `${head.index} ${head.hash}`}`,
    `checkpoints  ${checkpoints}, signatures checked: ${signaturesChecked}`,
    ...Object.entries(sums).map(([currency, { sumNanos }]) => `sum          ${sumNanos} of ${currency}`),
  ]
  if (firstBad !== null)
    lines.push(
      `line ${firstBad.line} is wrong: ${[firstBad.code, ...firstBad.details].join(', ')}; ${firstBad.index} entries before it are right`,
    )
  for (const { signer, kind, checkpoints: both } of equivocations)
    lines.push(
      `${signer} has signed two different books (${kind}) of ${both[0].checkpoint.entries} entries: keep both as evidence`,
    )
  if (against !== undefined) lines.push(describeFork(against))
  return lines.join('\n')
}

function describeFork({ entries, firstBad, fork }: NonNullable<JournalVerification['against']>): string {
  const bad = firstBad === null ? '' : `; its line ${firstBad.line} is wrong: ${firstBad.code}`
  switch (fork.kind) {
    case 'same':
      return `the other copy is the same, ${entries} entries${bad}`
    case 'behind':
      return `the ${fork.which} copy ends ${fork.behindBy} entries earlier${bad}`
    case 'forked':
      return `the copies part at entry ${fork.at}${bad}`
  }
}
