import { CodedError } from '../../base/errors.ts'
import type { KeyStore, OpenKey } from '../../keys/store/key-store.ts'
import type { KeyRole } from '../../wire/v1/key-statements.ts'

export type MarketKeys = {
  /** Who this node is to other nodes. */
  readonly node: OpenKey
  /** Signs contracts and moves credits. */
  readonly escrow: OpenKey | undefined
  readonly notary: OpenKey | undefined
}

/**
 * Opens the keys that a node of the market needs. The key of role node is made where there is none: nothing is lost with it but the node's name. The others
 * are made on purpose, with a recovery key or without.
 *
 * Throws `KEY_PASSPHRASE_WRONG`, `KEY_MISSING` for a notary without its key, and the other errors of a key store.
 */
export async function openMarketKeys(
  keys: KeyStore,
  { passphrase, isNotary }: { readonly passphrase: Uint8Array; readonly isNotary: boolean },
): Promise<MarketKeys> {
  const open = async (role: KeyRole): Promise<OpenKey | undefined> => {
    try {
      return await keys.open({ role, passphrase })
    } catch (error: unknown) {
      if (CodedError.is(error, 'KEY_MISSING')) return undefined
      throw error
    }
  }
  const [escrow, known] = [await open('escrow'), await open('node')]
  const notary = isNotary ? await keys.open({ role: 'notary', passphrase }) : undefined
  if (known === undefined) await keys.create({ role: 'node', passphrase })
  return { node: known ?? (await keys.open({ role: 'node', passphrase })), escrow, notary }
}
