/** Why a capability token, a chain of them or their use is not accepted. Outcomes, not errors: what is refused changes nothing. */
export type CapabilityRefusalEntry = { readonly cause: string; readonly remedy: string }

export const CAPABILITY_REFUSALS = {
  CAPABILITY_TOO_LARGE: {
    cause: 'The token has more bytes than are read.',
    remedy: 'Keep large content out of `meta` and `args`; name it by its hash.',
  },
  CAPABILITY_NOT_BASE64URL: {
    cause: 'The text is not base64url without padding in its one form.',
    remedy: 'Encode the bytes of the token as RFC 4648, section 5, without padding.',
  },
  CAPABILITY_NOT_CBOR: {
    cause:
      'The bytes are not one DAG-CBOR value: cut short, an unknown tag, an indefinite length, or text that is not UTF-8.',
    remedy: 'Send the bytes as they were signed.',
  },
  CAPABILITY_TRAILING_BYTES: { cause: 'Bytes follow the token.', remedy: 'Send one token at a time.' },
  CAPABILITY_TOO_DEEP: {
    cause: 'Lists and maps lie deeper in one another than is read.',
    remedy: 'Keep to the depth of protocol/spec/capability.md.',
  },
  CAPABILITY_TOO_MANY_ITEMS: {
    cause: 'The token holds more values than are read.',
    remedy: 'Keep to the counts of protocol/spec/capability.md.',
  },
  CAPABILITY_DUPLICATE_KEY: {
    cause: 'A map names one key twice.',
    remedy: 'Name each key once; readers differ about which one counts.',
  },
  CAPABILITY_NOT_CANONICAL: {
    cause:
      'The bytes are not the canonical DAG-CBOR of their value: order of keys, length of a number or a whole number as float.',
    remedy: 'Encode as DAG-CBOR and pass bytes on as they came.',
  },
  CAPABILITY_SHAPE_WRONG: {
    cause: 'The envelope is not a signature beside one signed payload, or a field is missing or of another kind.',
    remedy: 'Compare with the tables of protocol/spec/capability.md.',
  },
  CAPABILITY_FIELD_UNKNOWN: {
    cause: 'The payload has a field that this version does not know.',
    remedy: 'Put what is no authority into `meta`.',
  },
  CAPABILITY_VARSIG_UNKNOWN: {
    cause: 'The signature header is not that of Ed25519 over DAG-CBOR.',
    remedy: 'Sign with Ed25519; the header is 34 01 ed 01 ed 01 13 71.',
  },
  CAPABILITY_TAG_UNKNOWN: {
    cause: 'The payload is of another kind or version.',
    remedy: 'Use `ucan/dlg` or `ucan/inv`, `@1.0.0` or `@1.0.0-rc.1`.',
  },
  CAPABILITY_KIND_WRONG: {
    cause: 'A delegation stands where an invocation is asked for, or the other way round.',
    remedy: 'Send the kind of token that the field names.',
  },
  CAPABILITY_DID_REFUSED: {
    cause: 'A DID is not a did:key of an Ed25519 public key that may be used.',
    remedy: 'Use the did:key form of an Ed25519 key; keys of small order are refused.',
  },
  CAPABILITY_COMMAND_MALFORMED: {
    cause: 'A command is not a path of lower-case segments that begins with a slash and does not end with one.',
    remedy: 'Write `/` or `/segment/segment`.',
  },
  CAPABILITY_POLICY_MALFORMED: {
    cause: 'A policy is not a list of statements of the policy language, or is larger or deeper than is read.',
    remedy: 'Compare with the operators of protocol/spec/capability.md.',
  },
  CAPABILITY_SELECTOR_MALFORMED: {
    cause: 'A selector does not have the syntax of the policy language, or is too long.',
    remedy: 'Write `.`, `.name`, `.["name"]`, `[0]`, `[-1]`, `[1:2]`, `[]`, each with an optional `?`.',
  },
  CAPABILITY_NONCE_REFUSED: {
    cause: 'The nonce is missing, shorter than 12 bytes or longer than 64.',
    remedy: 'Draw 16 random bytes for each token.',
  },
  CAPABILITY_TIME_MALFORMED: {
    cause: 'A time is not an integer of seconds from 0 to 2^53 - 1, or the token expires before it begins.',
    remedy: 'Write seconds since 1970 as an integer; `exp` is required, null for none.',
  },
  CAPABILITY_LINK_REFUSED: {
    cause: 'A link is not a CIDv1 of DAG-CBOR by SHA-256.',
    remedy: 'Name tokens by the CID of their bytes.',
  },
  CAPABILITY_SIGNATURE_WRONG: {
    cause: 'The signature is not the issuer’s over this payload, by the rule of protocol/spec/signatures.md.',
    remedy: 'Send the bytes as they were signed.',
  },
  CAPABILITY_CHAIN_EMPTY: {
    cause: 'There is no delegation, and the one who acts is not the subject.',
    remedy: 'Send the delegations from the subject down to the one who acts.',
  },
  CAPABILITY_CHAIN_TOO_LONG: {
    cause: 'The chain has more delegations than are followed.',
    remedy: 'Delegate from nearer to the subject.',
  },
  CAPABILITY_CHAIN_CYCLIC: {
    cause: 'The chain names one delegation twice.',
    remedy: 'Name each delegation once, root first.',
  },
  CAPABILITY_PROOF_MISSING: {
    cause: 'A delegation that the invocation names was not sent.',
    remedy: 'Send every delegation of `prf`.',
  },
  CAPABILITY_ROOT_POWERLINE: {
    cause: 'The first delegation has no subject.',
    remedy: 'Begin with a delegation by the subject about itself.',
  },
  CAPABILITY_ROOT_FOREIGN: {
    cause: 'The first delegation was not issued by its subject.',
    remedy: 'Begin with a delegation by the subject about itself.',
  },
  CAPABILITY_CHAIN_BROKEN: {
    cause: 'A delegation was issued by somebody other than the audience of the one before.',
    remedy: 'Send the delegations in order, root first, without gaps.',
  },
  CAPABILITY_SUBJECT_WRONG: {
    cause: 'A token is about another subject than the chain.',
    remedy: 'Keep one subject from the root to the invocation.',
  },
  CAPABILITY_COMMAND_WIDENED: {
    cause: 'A delegation or an invocation names a command outside what the one before gave.',
    remedy: 'Delegate and invoke the same command or one below it.',
  },
  CAPABILITY_POLICY_FAILED: {
    cause: 'The arguments do not meet a policy of the chain.',
    remedy: 'Change the arguments, or ask for a delegation that allows them.',
  },
  CAPABILITY_POLICY_COSTLY: {
    cause: 'The policies of the chain take more steps on these arguments than are spent.',
    remedy: 'Write fewer nested quantifiers, or send smaller arguments.',
  },
  CAPABILITY_ORDER_WRONG: {
    cause:
      'The order is not one of work: its command is not that of its skill, or its arguments are not those of a purchase.',
    remedy: 'Order `/market/buy/SKILL` of the worker, with the arguments of protocol/spec/capability.md.',
  },
  CAPABILITY_NOT_YET_VALID: {
    cause: 'The stamp is earlier than the `nbf` of a token.',
    remedy: 'Act later, or ask for a delegation that begins earlier.',
  },
  CAPABILITY_EXPIRED: {
    cause: 'The stamp is later than the `exp` of a token.',
    remedy: 'Ask for a new delegation; every token of the chain must be valid.',
  },
  CAPABILITY_AUDIENCE_WRONG: {
    cause: 'The token is for somebody else, or the one who acts is not the audience of the last delegation.',
    remedy: 'Act with a chain that ends at your own key, on the executor that it names.',
  },
  CAPABILITY_REVOKED: {
    cause: 'A delegation of the chain was revoked by an issuer above or at it, by the time of the stamp.',
    remedy: 'Ask for a new delegation.',
  },
  CAPABILITY_REVOKER_WRONG: {
    cause: 'The revoker issued neither the delegation nor one above it.',
    remedy: 'Revoke what depends on a delegation of your own.',
  },
  CAPABILITY_REVOCATION_MALFORMED: {
    cause:
      'The token is not an invocation of `/ucan/revoke` by its own subject that names the last delegation of the chain.',
    remedy: 'Put the CID into `args.ucan`, and issue it about yourself.',
  },
  CAPABILITY_REVOCATIONS_FULL: {
    cause:
      'As many revocations as are kept are in force: of all, of those of whom nothing but a key is known, or of this revoker.',
    remedy:
      'Give delegations an expiry: revocations of what has expired are dropped. Revokers with listed credits have room of their own.',
  },
  CAPABILITY_LIFE_LONG: {
    cause:
      'A delegation never expires, or more than 367 days after the stamp: no contract is signed by it, and its revocation is not kept.',
    remedy: 'Delegate for 366 days at most, and anew when they have passed.',
  },
  CAPABILITY_ISSUED_FULL: {
    cause: 'As many delegations of this key as are kept are still valid.',
    remedy: 'Give delegations an expiry: what has expired is dropped from the list.',
  },
  CAPABILITY_EXPIRY_REQUIRED: {
    cause: 'The invocation has no expiry, or one later than its nonce is remembered.',
    remedy: 'Let an invocation expire within a day.',
  },
  CAPABILITY_REPLAYED: {
    cause: 'The issuer has used the nonce in an invocation that is still remembered.',
    remedy: 'A repeated invocation needs no second effect; a new one needs a new nonce.',
  },
  CAPABILITY_REPLAY_FULL: {
    cause: 'As many invocations as are remembered are still valid.',
    remedy: 'Send it again later, and let invocations expire sooner.',
  },
  CAPABILITY_ACTION_OTHER: {
    cause: 'The order is for another action than the one that is about to be done.',
    remedy: 'Order the action itself; each order is for one.',
  },
  CAPABILITY_CODE_OTHER: {
    cause: 'The program is not the one of the order, or not one that the chain grants.',
    remedy: 'Order the SHA-256 of the program as it is, and ask for a delegation that names it.',
  },
  CAPABILITY_RIGHTS_WIDENED: {
    cause:
      'A delegation states more than the one before gave, or the order asks for more than the chain leaves: a limit, a host, a path, a variable, or weaker isolation.',
    remedy: 'Ask for what the chain grants; `kernell grant show` lists it.',
  },
  CAPABILITY_DEMAND_MALFORMED: {
    cause: 'The arguments of the order are not those of a call: a member is missing, unknown, or not in its one form.',
    remedy: 'Compare with protocol/spec/capability.md, section "Calls".',
  },
} as const satisfies Record<string, CapabilityRefusalEntry>

export type CapabilityRefusal = keyof typeof CAPABILITY_REFUSALS

export type CapabilityRefused = { readonly kind: 'refused'; readonly code: CapabilityRefusal }

export function refuseCapability(code: CapabilityRefusal): CapabilityRefused {
  return { kind: 'refused', code }
}
