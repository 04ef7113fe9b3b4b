import type { ServerCallContext } from '@a2a-js/sdk/server'
import { EXTENSIONS_HEADER } from './open-call.ts'

/** The header that says which extensions were used; no header where none was. */
export function activatedExtensions({ activatedExtensions: used }: ServerCallContext): readonly string[] {
  const uris = used === undefined ? [] : [...used]
  return uris.length === 0 ? [] : [EXTENSIONS_HEADER, uris.join(', ')]
}
