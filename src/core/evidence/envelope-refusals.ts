/** Why bytes are not accepted as a signed message. Outcomes, not errors: a refused message changes nothing. */
export type EnvelopeRefusalEntry = { readonly cause: string; readonly remedy: string }

export const ENVELOPE_REFUSALS = {
  ENVELOPE_TOO_LARGE: {
    cause: 'The message has more bytes than its type may have.',
    remedy: 'Send large content by its hash, in chunks of its own.',
  },
  ENVELOPE_NOT_UTF8: { cause: 'The bytes are not UTF-8.', remedy: 'Send the canonical bytes as they were made.' },
  ENVELOPE_NOT_JSON: {
    cause: 'The text is not one JSON value (RFC 8259), or something follows it.',
    remedy: 'Send the canonical bytes as they were made.',
  },
  ENVELOPE_TOO_DEEP: {
    cause: 'Arrays and objects lie deeper in one another than is read.',
    remedy: 'Keep to the depth of protocol/spec/envelope.md.',
  },
  ENVELOPE_TOO_MANY_MEMBERS: {
    cause: 'An object or an array has more members than is read.',
    remedy: 'Split the message, or send the list by its hash.',
  },
  ENVELOPE_DUPLICATE_KEY: {
    cause: 'An object names one member twice, escapes undone.',
    remedy: 'Name each member once; parsers differ about which one counts.',
  },
  ENVELOPE_KEY_REFUSED: {
    cause: 'A member name is empty, too long, not printable ASCII, or `__proto__`.',
    remedy: 'Use the names of the schema.',
  },
  ENVELOPE_NULL_REFUSED: { cause: 'A value is null.', remedy: 'Leave the member out.' },
  ENVELOPE_NUMBER_REFUSED: {
    cause:
      'A number has a fraction or an exponent, or is beyond the integers that every parser reads alike (2^53 - 1).',
    remedy: 'Write money and large integers as decimal strings.',
  },
  ENVELOPE_SURROGATE_LONE: {
    cause: 'A string holds half of a surrogate pair.',
    remedy: 'Repair the text before it is signed.',
  },
  ENVELOPE_NOT_CANONICAL: {
    cause: 'The bytes are not the canonical ones of their value: order, white space, escapes or digits differ.',
    remedy: 'Write RFC 8785 on the profile of protocol/spec/envelope.md, and pass bytes on as they came.',
  },
  ENVELOPE_SHAPE_WRONG: {
    cause: 'A member of the envelope is missing, or its value does not have the shape of its kind.',
    remedy: 'Compare with protocol/schema/v1/envelope.schema.json.',
  },
  ENVELOPE_MEMBER_UNKNOWN: {
    cause: 'The envelope has a member that this version does not know.',
    remedy: 'Leave it out, or agree on a version that has it.',
  },
  ENVELOPE_VERSION_UNKNOWN: { cause: 'The envelope is of a version other than 1.', remedy: 'Send version 1.' },
  ENVELOPE_TYPE_UNKNOWN: {
    cause: 'The type of the message is not one of this version.',
    remedy: 'Compare with the list in protocol/spec/envelope.md.',
  },
  ENVELOPE_SIGNATURE_SHAPE: {
    cause: 'The signature is not 64 bytes in base64url without padding.',
    remedy: 'Send R and S as they were made, in the one form.',
  },
  ENVELOPE_VALIDITY_WRONG: {
    cause:
      'exp is not later than iat, or later by more than seven days, for messages about the ledger a quarter of an hour.',
    remedy: 'Sign with a shorter validity.',
  },
  ENVELOPE_SEQUENCE_WRONG: {
    cause: 'A first message names a predecessor, or a later one does not.',
    remedy: 'Give `prev` exactly when `seq` is above 0.',
  },
  ENVELOPE_BODY_HASH_WRONG: {
    cause: 'bodyHash is not the SHA-256 of the canonical bytes of the body.',
    remedy: 'Send the body that was signed.',
  },
  ENVELOPE_BODY_SHAPE: {
    cause: 'The body does not have the shape of its type.',
    remedy: 'Compare with protocol/schema/v1/TYPE.schema.json; unknown members are refused.',
  },
  ENVELOPE_NETWORK_WRONG: {
    cause: 'The message is for another network.',
    remedy: 'Sign for the network that it is sent on.',
  },
  ENVELOPE_AUDIENCE_WRONG: {
    cause: 'The message is for somebody else.',
    remedy: 'Sign a message to the one who is to act on it.',
  },
  ENVELOPE_NOT_YET_VALID: {
    cause: 'iat is later than the clock of the receiver, tolerance included.',
    remedy: 'Set the clock of the sender, or send later.',
  },
  ENVELOPE_EXPIRED: {
    cause: 'exp has passed by the clock of the receiver.',
    remedy: 'Sign again, with a new nonce.',
  },
  ENVELOPE_ISSUER_UNREADABLE: {
    cause: 'iss has the shape of a did:key and is not one of an Ed25519 key.',
    remedy: 'Encode the 32 bytes with the prefix 0xed01 in base58btc.',
  },
  ENVELOPE_SIGNATURE_WRONG: {
    cause: 'The signature is not the issuer’s over this message, by the rule of protocol/spec/signatures.md.',
    remedy: 'Send the bytes as they were signed; keys and signatures of small order are refused for all messages.',
  },
  ENVELOPE_NONCE_USED: {
    cause: 'The issuer has used the nonce while it was remembered.',
    remedy: 'A repeated message needs no second effect: ask for the answer of the first. A new one needs a new nonce.',
  },
  ENVELOPE_NONCES_FULL: {
    cause: 'More messages of the issuer, or of all, are remembered than there is room for.',
    remedy: 'Wait until earlier ones expire, or sign with a shorter validity.',
  },
  ENVELOPE_PROOF_UNRELATED: {
    cause: 'The two heads differ in issuer, network, contract or position, or name no contract.',
    remedy: 'Only two messages for one position of one contract prove an equivocation.',
  },
  ENVELOPE_PROOF_SAME: {
    cause: 'The two heads are the same message.',
    remedy: 'Two signatures over one message prove nothing.',
  },
} as const satisfies Record<string, EnvelopeRefusalEntry>

export type EnvelopeRefusal = keyof typeof ENVELOPE_REFUSALS
