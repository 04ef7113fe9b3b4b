/**
 * The scalars that signed messages are made of, each with its one written form: hashes in lower-case hexadecimal digits, bytes in base64url without
 * padding, money as a decimal string of nano-units, times as integer milliseconds. It reads shapes only: whether a key may be used, a signature is right or
 * a deadline has passed is said elsewhere.
 *
 * Bodies are `z.strictObject`s of these. `z.decode` reads one, `z.encode` writes it, `z.toJSONSchema(schema, { io: 'input' })` is its published schema.
 *
 * ```ts
 * import { z } from 'zod'
 *
 * const shape = z.strictObject({ priceNanos: z.string() })
 * console.log(shape.safeParse({ priceNanos: '1500000000' }).success)
 * ```
 */
import { z } from 'zod'
import { type Amount, AMOUNT_MAX } from '../../base/money.ts'
import type { DurationMs, Timestamp } from '../../base/time.ts'
import type { ContractId, Did, Hash } from '../../core/evidence/names.ts'
import type { Currency, TransferId } from '../../core/ledger/ledger-names.ts'

/** Text of a pattern, as a value of its brand. */
function branded<Value extends string>(pattern: RegExp, length: number): z.ZodType<Value, string> {
  return z.string().max(length).regex(pattern) as unknown as z.ZodType<Value, string>
}

/** An integer from 0 to the largest that every JSON parser reads alike, as a value of its brand. */
function count<Value extends number>(max: number = Number.MAX_SAFE_INTEGER): z.ZodType<Value, number> {
  return z.int().min(0).max(max) as unknown as z.ZodType<Value, number>
}

/** An Ed25519 key as `did:key`. */
export const DID: z.ZodType<Did, string> = branded(/^did:key:z6Mk[1-9A-HJ-NP-Za-km-z]{44}$/, 56)

/** SHA-256, 64 lower-case hexadecimal digits. */
export const HASH: z.ZodType<Hash, string> = branded(/^[0-9a-f]{64}$/, 64)

/** Name of a contract: the SHA-256 of its canonical bytes without signatures. */
export const CONTRACT_ID: z.ZodType<ContractId, string> = branded(/^[0-9a-f]{64}$/, 64)

/** 128 bits, 32 lower-case hexadecimal digits. */
export const TRANSFER_ID: z.ZodType<TransferId, string> = branded(/^[0-9a-f]{32}$/, 32)

/** `CODE@did:key:...`. */
export const CURRENCY: z.ZodType<Currency, string> = branded(
  /^[A-Z][A-Z0-9]{1,11}@did:key:z6Mk[1-9A-HJ-NP-Za-km-z]{44}$/,
  69,
)

/** Money: a decimal string of nano-units, 0 to 2^64 - 1, no leading zeros. Stands beside a `currency`, in a field `...Nanos`. */
export const NANOS: z.ZodType<Amount, string> = z.codec(
  z
    .string()
    .max(20)
    .regex(/^(0|[1-9][0-9]{0,19})$/),
  z.bigint().max(AMOUNT_MAX) as unknown as z.ZodType<Amount, Amount>,
  { decode: (text) => BigInt(text) as Amount, encode: (amount) => amount.toString() },
)

/** An instant: integer milliseconds since 1970. */
export const TIME: z.ZodType<Timestamp, number> = count<Timestamp>()

/** A span in integer milliseconds. */
export const DURATION: z.ZodType<DurationMs, number> = count<DurationMs>()

/** A position or a number of things, from 0. */
export const COUNT: z.ZodType<number, number> = count<number>()

/** 16 random bytes, base64url without padding: what is bound by a hash carries one, so that nobody guesses what was hashed. */
export const SALT: z.ZodType<string, string> = branded(/^[A-Za-z0-9_-]{21}[AQgw]$/, 22)

/** 32 bytes, base64url without padding. The last digit carries four bits, so its lowest two are 0. */
export const BYTES_32: z.ZodType<string, string> = branded(/^[A-Za-z0-9_-]{42}[AEIMQUYcgkosw048]$/, 43)

/** An Ed25519 signature: 64 bytes, base64url without padding. */
export const SIGNATURE: z.ZodType<string, string> = branded(/^[A-Za-z0-9_-]{85}[AQgw]$/, 86)

/** A word that machines compare: a skill, a reason, a method. 1 to 64 characters of `a-z 0-9 . - _ /`, the first a letter. */
export const WORD: z.ZodType<string, string> = branded(/^[a-z][a-z0-9._/-]{0,63}$/, 64)

/** Free text for people, at most `max` UTF-16 units; never anything that a machine decides by. */
export function noteOf(max: number): z.ZodType<string, string> {
  return z.string().max(max)
}

/** A task without its input: its hash is in the contract, and the salt keeps others from guessing it. */
export const MARKET_TASK = z.strictObject({ skill: WORD, salt: SALT, inputHash: HASH, inputBytes: COUNT })
