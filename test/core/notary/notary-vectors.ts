import { hashOfBlock, hashOfEntry, pathsOfEntries } from '../../../src/core/notary/block.ts'
import { bytesOfEpochChange } from '../../../src/core/notary/epoch-change.ts'
import { bytesOfVote } from '../../../src/core/notary/statement.ts'
import { bytesOfChange } from '../../../src/core/notary/view-change.ts'
import { hashOf, setOf } from '../../torture/notary-world.ts'
import { blockOf, quorumOfVotes } from './notary-fixtures.ts'

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex')

/** What an implementation in another language must come to: hashes of sets and blocks, and the bytes that are signed. */
export function notaryVectors(): object {
  const set = setOf(1)
  const first = blockOf(['a', 'b', 'c'])
  const second = blockOf(['d'], { previous: first })
  const place = { view: 3, slot: 1, block: hashOfBlock(first) }
  const commit = quorumOfVotes(set, { phase: 'commit', ...place }, [0, 1, 2])
  const prepared = quorumOfVotes(set, { phase: 'prepare', view: 4, slot: 2, block: hashOfBlock(second) }, [1, 2, 3])
  const head = { slot: 1, block: place.block, quorum: commit }
  const end = { slot: 1, block: place.block, at: first.at, state: first.state }
  return {
    set,
    blocks: [first, second].map((block) => ({
      block,
      entryHashes: block.entries.map((entry) => hashOfEntry(entry, block.at)),
      paths: pathsOfEntries(block),
      hash: hashOfBlock(block),
    })),
    votes: (['prepare', 'commit'] as const).map((phase) => ({
      statement: { phase, ...place },
      signingBytesHex: hex(bytesOfVote(set, { phase, ...place })),
    })),
    changes: [
      { view: 5, headSlot: 1, signingBytesHex: hex(bytesOfChange(set, { view: 5, head, prepared: undefined })) },
      {
        view: 5,
        headSlot: 1,
        prepared: { view: 4, block: prepared.block },
        signingBytesHex: hex(bytesOfChange(set, { view: 5, head, prepared: { block: second, quorum: prepared } })),
      },
    ],
    epochs: [
      {
        change: { from: set.id, to: hashOf('the next set'), epoch: 1, ...end },
        signingBytesHex: hex(bytesOfEpochChange({ from: set.id, to: hashOf('the next set'), epoch: 1, ...end })),
      },
    ],
  }
}
