/**
 * What a notary is asked over a transport (`/kernell/notary/1.0.0`), and how it answers. An envelope is sent as it is; everything else is a question in canonical
 * JSON that begins with `{"ask":`, which no envelope does. Answers longer than a body are fetched part by part, each naming the hash of the whole.
 *
 * ```text
 * envelope            -> one byte: a, e or r (applied, exists, refused), then the receipt
 * {"ask":"contract"}  -> {"hash":"...","parts":1,"text":"{...}"}
 * ```
 */
import { z } from 'zod'
import { base64url } from 'multiformats/bases/base64'
import { canonicalJson } from '../../base/canonical-json.ts'
import type { NotaryAnswer } from '../../ports/notary-client.ts'
import { decodeUtf8 } from '../../core/text/decode-utf8.ts'
import { utf8Of } from './canonical.ts'
import { CONTRACT_ID, COUNT, DID, HASH } from './fields.ts'
import { readReceipt } from './notary-receipt.ts'
import { hashOfText } from './signing-bytes.ts'
