import { CANONICAL_CHECKS } from '../../src/wire/v1/canonical.ts'
import type { DecodeInit } from '../../src/wire/v1/envelope.ts'
import { hashOfText } from '../../src/wire/v1/signing-bytes.ts'
import { scanJson } from '../../src/wire/v1/scan-json.ts'
import type { AuthenticateInit } from '../../src/wire/v1/authenticate.ts'

/** A receiver with a defect. */
export type DecoderPlant = {
  readonly what: string
  readonly checks?: Partial<DecodeInit['checks'] & object>
  readonly context?: (init: AuthenticateInit, head: { readonly aud: string; readonly net: string }) => AuthenticateInit
  /** Keeps what it should forget. */
  readonly isLeaking?: boolean
}

export const DECODE_CHECKS: DecodeInit['checks'] & object = {
  ...CANONICAL_CHECKS,
  isBodyHash: (text, hash) => hashOfText(text) === hash,
}

export const DECODER_PLANTS: Readonly<Record<string, DecoderPlant>> = {
  'canonical-unchecked': {
    what: 'Bytes that are not the canonical ones of their value are taken.',
    checks: { isCanonical: () => true },
  },
  'duplicates-unscanned': {
    what: 'A member that comes twice is left to JSON.parse.',
    checks: {
      scan: (text, limits) => {
        const code = scanJson(text, limits)
        return code === 'ENVELOPE_DUPLICATE_KEY' ? undefined : code
      },
    },
  },
  'scan-skipped': { what: 'JSON.parse sees what nobody has looked over.', checks: { scan: () => undefined } },
  'depth-unbounded': {
    what: 'Brackets are followed however deep they go.',
    checks: { scan: (text) => scanJson(text, { depthMax: 1e9, membersMax: 1e9, itemsMax: 1e9 }) },
  },
  'body-unhashed': { what: 'The body is not compared with its hash.', checks: { isBodyHash: () => true } },
  'signature-unchecked': {
    what: 'Every signature is right.',
    context: (init) => ({ ...init, verify: () => true }),
  },
  'audience-unchecked': {
    what: 'What is said to others counts as well.',
    context: (init, { aud }) => ({ ...init, audience: [aud as AuthenticateInit['audience'][number]] }),
  },
  'network-unchecked': {
    what: 'A message of another network counts as well.',
    context: (init, { net }) => ({ ...init, network: net }),
  },
  'clock-ignored': {
    what: 'Neither iat nor exp is looked at.',
    context: (init) => ({ ...init, clockSkewMs: 1e15 as typeof init.clockSkewMs, now: 0 as typeof init.now }),
  },
  'memory-kept': { what: 'Something of every message is kept.', isLeaking: true },
}
