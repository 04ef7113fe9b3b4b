import type { JsonValue } from '../../../base/canonical-json.ts'
import type { ControlRequest } from '../../control/control-request.ts'

/** Asks the market of this node. */
export type AskMarket = (request: ControlRequest) => Promise<JsonValue>

/** What was delivered for a contract, whole or from its pieces. Throws as the market. */
export async function deliveredBytes(
  ask: AskMarket,
  { contract, hash }: { readonly contract: string; readonly hash: string },
): Promise<Uint8Array> {
  const file = (await ask({ op: 'result', contract, hash })) as {
    readonly bytes?: string
    readonly pieces?: readonly string[]
  }
  if (file.bytes !== undefined) return new Uint8Array(Buffer.from(file.bytes, 'base64url'))
  const chunks: Buffer[] = []
  for (const piece of file.pieces ?? []) {
    const { pieces } = (await ask({ op: 'result-pieces', hashes: piece })) as { readonly pieces: string[] }
    chunks.push(Buffer.from(pieces[0] ?? '', 'base64url'))
  }
  return new Uint8Array(Buffer.concat(chunks))
}
