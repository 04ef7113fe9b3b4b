import { type DurationMs, timestampFromMs } from '../../../base/time.ts'
import type { Hash } from '../../../core/evidence/names.ts'
import type { NonceGuard } from '../../../wire/v1/nonce-guard.ts'
import type { WrittenBeside } from '../../ledger/journaled-machine.ts'
import { archiveLines, ArchiveReader } from './archive-lines.ts'
import type { NotaryArchive } from './notary-archive.ts'

/** What a notary has answered and which nonces were used, as it is kept beside the state of a closed segment. */
export function archiveBeside(archive: NotaryArchive, nonces: NonceGuard): WrittenBeside {
  return {
    lines: () => archiveLines(archive.contents),
    read: () => {
      const reader = new ArchiveReader()
      return {
        add: (line) => reader.add(line),
        end: () => {
          const contents = reader.end()
          if (contents === undefined) return false
          archive.restore(contents)
          for (const { iss, nonce, exp, archived } of contents.outside)
            nonces.keep({
              iss,
              nonce,
              exp,
              message: archived.transition.message as Hash,
              now: timestampFromMs(0),
              clockSkewMs: 0 as DurationMs,
            })
          return true
        },
      }
    },
  }
}
