import { existsSync, statSync } from 'node:fs'
import { resolve } from 'node:path'
import { readNotarySet } from '../../node/market/read-notary-set.ts'
import { isNotaryDirectory } from '../../node/market/copies/journal-source.ts'
import { isPartyDirectory, type PartyVerification, verifyParty } from '../../node/market/copies/verify-party.ts'
import { type BooksVerification, OTHER_COPIES_MAX, verifyBooks } from '../../node/market/copies/verify-books.ts'
import { explainGap, type ProofVerification, verifyProofFile } from '../../node/market/copies/verify-proof-file.ts'
import type { Command, CommandContext } from '../command.ts'
import { outputFlag } from '../data-output.ts'
import { EXIT_CODES, type ExitCode } from '../exit-codes.ts'
import { listFlag, textFlag, usageError } from '../flags.ts'
import { saveArtefact } from '../read-data-files.ts'

/** Checks a copy of the books, or a proof about them, from its bytes alone. */
export const ledgerVerifyCommand: Command = {
  name: 'ledger verify',
  summary: 'check a copy of the books, or a proof: hashes, replay, sums, signatures, contradictions',
  synopsis: 'FILE|DIR [--against FILE|DIR]...',
  positionalsMax: 1,
  flags: {
    'notary-set': { value: 'SET.json', describe: 'whose books they must be, and whose signatures count' },
    against: {
      value: 'FILE|DIR',
      isList: true,
      describe: `another copy: where it parts from the first, and who has signed both sides; ${OTHER_COPIES_MAX} at most`,
    },
    output: { value: 'FILE', describe: 'where to write the proof that somebody has signed both sides' },
    force: { describe: 'replace a file that is there' },
  },
  details: [
    'FILE is what `kernell ledger export`, `prove` or `checkpoint` wrote, or a proof that this command wrote itself; DIR is the data directory of a notary, which may be running, or a copy of it. Nothing is changed and nobody is asked.',
    'The data directory of a buyer or seller keeps no books: of its journal every record, the signature of every message and the chain of each issuer in each contract are checked.',
    'Every event is replayed, so sums and rules are those of the contracts themselves, not of what somebody says of them. Every message is checked against the key of its sender and the stamp under which it counts.',
    'The order, the stamps and the end of a copy are signed for by checkpoints alone: entries that none covers are named, and the copy is not right (exit 1). Without --notary-set any key may have signed, and nothing says whose books these are.',
    'Of a set of several, f + 1 members have to have signed for an entry, since f of them may lie: name copies of other members with --against, two of a set of seven. Each is checked as the first is, and has to agree with it; who has signed in several counts once. Where the log was handed on to another key, SET.json is the document that `notary-set advance` wrote: the entries have to end the epoch as was signed then, and the key before counts for nothing behind it.',
    'Exit 1 when anything is wrong, or too little is signed.',
  ],
  examples: [
    'kernell ledger verify books.jsonl --notary-set set.json',
    'kernell ledger verify /srv/notary --against books-of-my-bank.jsonl --output both-signed.json',
    'kernell ledger verify books.jsonl --against books-of-two.jsonl --against books-of-three.jsonl --notary-set set.json',
    'kernell ledger verify both-signed.json --notary-set set.json --json',
  ],
  async run({ positionals, flags, terminal, isJson, workingDir, signal }) {
    const [name] = positionals
    if (name === undefined) throw usageError('Name the copy or the proof: a file, or a data directory')
    const path = resolve(workingDir, name)
    const against = listFlag(flags, 'against')
    if (against.length > OTHER_COPIES_MAX)
      throw usageError(`--against takes ${OTHER_COPIES_MAX} copies at most, and ${against.length} are given`)
    for (const copy of [name, ...against])
      if (!existsSync(resolve(workingDir, copy)))
        throw usageError(`The copy ${copy} is not there`, { file: copy, remedy: 'Check the path.' })
    const setFile = textFlag(flags, 'notary-set')
    const set = setFile === undefined ? undefined : await readNotarySet(resolve(workingDir, setFile))
    if (await isWithoutBooks(path)) return await verifyDirectory(path, { terminal, isJson, signal })
    const proof = await verifyProofFile(path, set)
    if (proof !== undefined) {
      if (isJson) terminal.printJson(proof)
      else terminal.print(formatProof(proof))
      return proof.ok ? EXIT_CODES.done : EXIT_CODES.failed
    }
    const output = textFlag(flags, 'output') === undefined ? undefined : outputFlag(flags, 'output', workingDir)
    const verification = await verifyBooks({
      path,
      signal,
      ...(set !== undefined && { set }),
      against: against.map((copy) => resolve(workingDir, copy)),
    })
    const [splitView] = verification.splitViews
    if (output !== undefined && splitView !== undefined)
      saveArtefact(output, `${JSON.stringify(splitView)}\n`, workingDir)
    if (isJson) terminal.printJson(verification)
    else {
      terminal.print(format(verification, against))
      if (output !== undefined) terminal.note(splitView === undefined ? 'Nothing to write' : `Wrote ${output}`)
    }
    return verification.ok ? EXIT_CODES.done : EXIT_CODES.failed
  },
}

/** The data directory of a buyer or seller. */
async function isWithoutBooks(path: string): Promise<boolean> {
  return statSync(path).isDirectory() && !(await isNotaryDirectory(path)) && (await isPartyDirectory(path))
}

async function verifyDirectory(
  path: string,
  { terminal, isJson, signal }: Pick<CommandContext, 'terminal' | 'isJson' | 'signal'>,
): Promise<ExitCode> {
  const verification = await verifyParty(path, { signal })
  if (isJson) terminal.printJson(verification)
  else terminal.print(formatParty(verification))
  return verification.ok ? EXIT_CODES.done : EXIT_CODES.failed
}

function formatParty({ ok, entries, messages, contracts, firstBad, equivocations }: PartyVerification): string {
  return [
    ok
      ? 'The journal of this party is right; it keeps no books'
      : 'The journal of this party is NOT right; it keeps no books',
    `entries      ${entries}`,
    `messages     ${messages} about ${contracts} contracts and auctions, all signatures are right`,
    ...(firstBad === null ? [] : [`entry ${firstBad.index} is wrong: ${firstBad.code}`]),
    ...equivocations.map(
      ({ issuer, contract, seq, messages: both }) =>
        `${issuer} has signed two messages at place ${seq} of ${contract}: ${both.join(' and ')}`,
    ),
  ].join('\n')
}

function format(verification: BooksVerification, names: readonly string[]): string {
  const { entries, head, checkpoints, envelopeSignatures, sums, equivocations, against, covered, coveredBy, asOf } =
    verification
  const lines = [
    headlineOf(verification),
    `entries      ${entries}, replayed one by one`,
    `head         ${head === null ? 'none' : `${head.index} ${head.hash}`}`,
    `messages     ${envelopeSignatures} signatures of parties are right`,
    `checkpoints  ${checkpoints}; they cover ${covered} of ${entries} entries`,
    ...coveredBy.map((signer) => `signed by    ${signer}`),
    ...(asOf === null
      ? []
      : [`as of        ${new Date(asOf).toISOString()}; later entries may exist that the copy does not have`]),
    ...Object.entries(sums).map(([currency, { sumNanos }]) => `sum          ${sumNanos} of ${currency}`),
    ...parametersOf(verification),
    ...faultsOf(verification),
  ]
  for (const { signer, kind, checkpoints: both } of equivocations)
    lines.push(
      `${signer} has signed two different books (${kind}) of ${both[0].checkpoint.entries} entries: keep both as evidence`,
    )
  for (const [place, copy] of against.entries())
    lines.push(`against      ${names[place] ?? ''}: ${describeCopy(copy, names)}`)
  return lines.join('\n')
}

function headlineOf({ ok, gaps, firstBad, equivocations, against }: BooksVerification): string {
  if (ok && gaps.includes('JOURNAL_SET_UNNAMED')) return 'The copy is right in itself; whose books it is, nothing says'
  if (ok) return 'The books are right'
  const isFalse = firstBad !== null || equivocations.length > 0 || against.some((copy) => !copy.ok)
  return isFalse ? 'The books are NOT right' : 'Nothing is wrong, and too little is signed to call these books right'
}

function parametersOf({ audit }: BooksVerification): readonly string[] {
  return (audit?.parameters ?? []).map(
    ({ hash, publishedBy, name }) =>
      `rules        ${hash} published by the ${publishedBy}${name === null ? ', content known from this copy alone' : `, content of ${name}`}`,
  )
}

function faultsOf({ firstBad, uncovered, gaps }: BooksVerification): readonly string[] {
  return [
    ...(firstBad === null
      ? []
      : [
          `line ${firstBad.line} is wrong: ${[firstBad.code, ...firstBad.details].join(', ')}; ${firstBad.index} entries before it are right`,
        ]),
    ...(uncovered === null ? [] : [`not signed   entries ${uncovered.first} to ${uncovered.last}`]),
    ...gaps.map((gap) => `not checked  ${gap}: ${explainGap(gap)}`),
  ]
}

type ComparedBooks = BooksVerification['against'][number]

function describeCopy(copy: ComparedBooks, names: readonly string[]): string {
  const { firstBad, partsFrom } = copy
  const parts = partsFrom === null ? '' : `; parts from ${names[partsFrom.copy] ?? ''} at entry ${partsFrom.at}`
  const bad = firstBad === null ? '' : `; its line ${firstBad.line} is wrong: ${firstBad.code}`
  return `${describeFork(copy)}${parts}${bad}`
}

function describeFork({ entries, fork, signedBoth }: ComparedBooks): string {
  switch (fork.kind) {
    case 'same':
      return `the same ${entries} entries`
    case 'behind':
      return fork.which === 'first'
        ? `begins with the ${fork.commonEntries} entries, and goes on for ${fork.behindBy}`
        : `the first ${entries} entries, and ends ${fork.behindBy} earlier`
    case 'forked':
      return `parts at entry ${fork.at}; signed on both sides by ${signedBoth.length === 0 ? 'nobody' : signedBoth.join(', ')}`
  }
}

function formatProof({ ok, proof, signer, entries, index, from, code, cause, gaps }: ProofVerification): string {
  const shown = {
    inclusion: `entry ${index ?? ''} is among the first ${entries} entries of the journal that ${signer} has signed`,
    consistency: `the journal of ${entries} entries that ${signer} has signed begins with its first ${from ?? ''} entries`,
    'split-view': `${signer} has signed two journals that part at or before entry ${entries}`,
    checkpoint: `${signer} has signed a journal of ${entries} entries`,
  }[proof]
  return [
    ok ? `The proof holds: ${shown}` : `The proof does NOT hold: ${code ?? ''}`,
    ...(cause === undefined ? [] : [cause]),
    ...gaps.map((gap) => `not checked  ${gap}: ${explainGap(gap)}`),
  ].join('\n')
}
