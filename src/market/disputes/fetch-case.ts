import { CodedError } from '../../base/errors.ts'
import type { AcceptancePredicate } from '../../core/acceptance/acceptance-predicate.ts'
import type { DisputedState } from '../../core/escrow/escrow-state.ts'
import type { ContractId, Did, Hash } from '../../core/evidence/names.ts'
import type { MarketFrameOf, MarketTask } from '../../wire/v1/market-frames.ts'
import type { Party } from '../parties/party.ts'
import { deliveredName, headOfArtifact, named } from '../parties/artifacts/artifact-files.ts'
import { fetchPieces } from '../parties/artifacts/fetch-pieces.ts'
import {
  type ArtifactName,
  hashOfBytes,
  inputNameOf,
  readPredicate,
  type ShownArtifact,
  taskHashOf,
} from '../parties/contracts/task-package.ts'

/** What a dispute is about, its hashes those of contract and delivery. */
export type ShownCase = {
  readonly task: MarketTask
  readonly predicate: AcceptancePredicate
  readonly input: ShownArtifact
  readonly result: ShownArtifact
}

/** Whose files the pieces of a case are, which stay while its dispute is looked into. */
export function caseSubject(contract: ContractId): string {
  return `case/${contract}`
}

const DECODER: { decode(bytes: Uint8Array): string } = new TextDecoder()

/** The case of a dispute, from the first of the nodes that shows what contract and delivery name; `undefined` where none does. */
export async function fetchCase(
  party: Party,
  { contract, terms, delivery }: DisputedState,
  nodes: readonly Did[],
): Promise<ShownCase | undefined> {
  const node = party.components.door.did
  const act = `${contract}/case-request/${node}`
  const request = await party.wallet.say({
    act,
    type: 'dispute-case-request',
    body: { contract, node },
    aud: '*',
    subject: contract,
  })
  const frame = { type: 'case-wanted', contract, envelope: DECODER.decode(request.bytes) } as const
  for (const asked of nodes) {
    const shown = await askCase(party, asked, frame)
    if (shown === undefined) continue
    const input = shown.bytes.subarray(0, shown.frame.inputBytes)
    const beside = shown.bytes.subarray(shown.frame.inputBytes)
    // Each fits a frame, and both together may not.
    const wanted = { contract, hash: delivery.result, node: asked, envelope: frame.envelope }
    const result = hashOfBytes(beside) === delivery.result ? beside : await askFile(party, wanted)
    if (result === undefined) continue
    const predicate = readPredicate(shown.frame.predicate, terms.predicateHash)
    const { task } = shown.frame
    if (taskHashOf(task) !== terms.taskHash || predicate === undefined) continue
    const [inputName, resultName] = [inputNameOf(task), deliveredName(result, delivery)]
    if (headOfArtifact(input, inputName) === undefined || resultName === undefined) continue
    const files = [
      { name: inputName, file: input },
      { name: resultName, file: result },
    ]
    const isWhole = await arePiecesHere(party, { contract, files, node: asked, envelope: frame.envelope })
    if (isWhole) return { task, predicate, input: named(inputName, input), result: named(resultName, result) }
  }
  return undefined
}

type CaseFiles = {
  readonly contract: ContractId
  readonly files: readonly { readonly name: ArtifactName; readonly file: Uint8Array }[]
  readonly node: Did
  readonly envelope: string
}

/** What is in pieces is shown once all of them are: a list alone shows nothing. */
async function arePiecesHere(party: Party, { contract, files, node, envelope }: CaseFiles): Promise<boolean> {
  const subject = caseSubject(contract)
  for (const { name, file } of files) {
    const head = headOfArtifact(file, name)
    if (head?.kind !== 'list') continue
    if (name.sizeBytes > party.journal.limits.artifactBytesMax) return false
    await party.journal.keepFile(subject, file)
    if (!(await fetchPieces(party, { contract, list: head.list, subject, nodes: [node], envelope }))) return false
  }
  return true
}

type FileWanted = Pick<CaseFiles, 'contract' | 'node' | 'envelope'> & { readonly hash: Hash }

async function askFile(party: Party, { contract, hash, node, envelope }: FileWanted): Promise<Uint8Array | undefined> {
  try {
    const frame = { type: 'file-wanted', contract, hash, envelope } as const
    const answer = await party.components.door.ask(node, { frame }, { signal: party.signal })
    return answer.frame.type === 'file' ? answer.bytes : undefined
  } catch (error: unknown) {
    if (!CodedError.is(error)) throw error
    return undefined
  }
}

async function askCase(
  party: Party,
  node: Did,
  frame: MarketFrameOf<'case-wanted'>,
): Promise<{ readonly frame: MarketFrameOf<'case'>; readonly bytes: Uint8Array } | undefined> {
  try {
    const answer = await party.components.door.ask(node, { frame }, { signal: party.signal })
    return answer.frame.type === 'case' ? { frame: answer.frame, bytes: answer.bytes } : undefined
  } catch (error: unknown) {
    if (!CodedError.is(error)) throw error
    return undefined
  }
}
