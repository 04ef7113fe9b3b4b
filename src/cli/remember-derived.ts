import { existsSync } from 'node:fs'
import { CodedError } from '../base/errors.ts'
import type { DerivationKind } from '../node/node-records.ts'
import type { CommandContext } from './command.ts'
import { useRecords, type KeptRecords } from './running-control.ts'

/** A file that was made, perhaps from records of this node. */
export type DerivedFile = {
  readonly kind: Exclude<DerivationKind, 'policy'>
  readonly path: string
  readonly rows: number
  /** SHA-256 of its text, unpacked. */
  readonly hash: string | null
  /** Files that it was made from, with the same of each: by it one is known again that was copied, moved, packed or unpacked. */
  readonly sources: readonly { readonly path: string; readonly hash: string }[]
}

/** The node knows of a file that was made from its own records. */
export async function rememberRecords(
  records: KeptRecords,
  derived: Omit<Parameters<KeptRecords['recordDerivation']>[0], 'version' | 'sources'>,
): Promise<void> {
  if (derived.rows > 0) await records.recordDerivation({ ...derived, version: null })
}

/**
 * Tells this node of a file that was made from other files: when one of them holds its records, `data purge` names this one, too. Where there is
 * no data directory there is nothing to tell; where a node serves from it, a note says that it was not told.
 */
export async function rememberFile(context: CommandContext, { sources, ...file }: DerivedFile): Promise<void> {
  if (!existsSync(context.loadConfig().dataDir)) return
  try {
    await useRecords(context, async (records) => {
      await records.recordDerivation({ ...file, version: null, from: null, to: null, tenants: [], sources })
    })
  } catch (error: unknown) {
    if (!CodedError.is(error, 'STORE_LOCKED')) throw error
    context.terminal.note(
      `The node that has the data directory open was not told of ${file.path}: delete it yourself when you delete records that went into it`,
    )
  }
}
