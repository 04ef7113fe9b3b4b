/** Why a key, a signature, a sealed payload or a statement about a key is not accepted. Outcomes, not errors: nothing changes with them. */
export type KeyRefusalEntry = { readonly cause: string; readonly remedy: string }

export const KEY_REFUSALS = {
  KEY_LENGTH_WRONG: {
    cause: 'An Ed25519 public key has 32 bytes, and these are more or fewer.',
    remedy: 'Send the 32 bytes of RFC 8032, section 5.1.2, without a prefix.',
  },
  KEY_NOT_CANONICAL: {
    cause: 'The key writes its point in a way that is not the only one: y is not reduced, or the sign of x = 0 is set.',
    remedy: 'Encode the point as RFC 8032, section 5.1.2, says; keys that libraries make are encoded so.',
  },
  KEY_ORDER_SMALL: {
    cause: 'The key is one of the points of order 1, 2, 4 or 8, for which signatures say nothing.',
    remedy: 'Make a new key; no honest key generation ends there.',
  },
  KEY_NOT_ON_CURVE: {
    cause: 'No point of the curve has this y.',
    remedy: 'Check that the bytes are a public key and were not changed on the way.',
  },
  SIGNATURE_LENGTH_WRONG: {
    cause: 'An Ed25519 signature has 64 bytes, and these are more or fewer.',
    remedy: 'Send R and S, 32 bytes each.',
  },
  SIGNATURE_SCALAR_LARGE: {
    cause: 'S is not smaller than the order of the group, so that one signature would have several forms.',
    remedy: 'Send the signature as it was made.',
  },
  SIGNATURE_POINT_NOT_CANONICAL: {
    cause: 'R writes its point in a way that is not the only one.',
    remedy: 'Send the signature as it was made.',
  },
  SIGNATURE_POINT_ORDER_SMALL: {
    cause: 'R is one of the points of order 1, 2, 4 or 8.',
    remedy: 'Sign with a library that derives its nonce as RFC 8032 says.',
  },
  SIGNATURE_WRONG: {
    cause: 'The signature was not made of these bytes with the secret of this key.',
    remedy: 'Check that the bytes are those that were signed, and the key the one of the signer.',
  },
  SEAL_KEY_UNUSABLE: {
    cause: 'The recipient key does not have 32 bytes, or nothing secret can be agreed with it.',
    remedy: 'Take the sealing key from the latest statement of the recipient.',
  },
  SEAL_PAYLOAD_TOO_LARGE: {
    cause: 'The payload is larger than what is sealed in one piece.',
    remedy: 'Send large content by its hash, and seal what opens it.',
  },
  SEAL_BROKEN: {
    cause: 'The sealed bytes were changed, were sealed for another key, or are none.',
    remedy: 'Ask the sender to seal again, for the sealing key that is valid now.',
  },
  KEY_STATEMENT_MALFORMED: {
    cause: 'The statement does not have the shape of its kind.',
    remedy: 'Compare with protocol/spec/keys.md; unknown members are refused.',
  },
  KEY_STATEMENT_OUT_OF_CHAIN: {
    cause: 'The statement does not follow the one before it: another index, role, predecessor, key or an earlier time.',
    remedy: 'Fetch the whole chain from the owner of the key, oldest statement first.',
  },
  KEY_STATEMENT_UNSIGNED: {
    cause: 'A signature that the statement needs is missing or wrong.',
    remedy: 'A change of key is signed by the key before (or the recovery key) and by the key after.',
  },
  KEY_RECOVERY_NOT_NAMED: {
    cause: 'The statement recovers a key for which no recovery key was named.',
    remedy: 'A recovery key is named when the key is made; without one a lost key stays lost.',
  },
  KEY_RECOVERY_TOO_EARLY: {
    cause: 'The delay that was named with the recovery key has not passed since the claim was first seen.',
    remedy: 'Wait until the time that the owner chose has passed.',
  },
  KEY_CHAIN_TOO_LONG: {
    cause: 'There are more statements about one key than are read.',
    remedy: 'Make a new key and let contracts run out on this one.',
  },
} as const satisfies Record<string, KeyRefusalEntry>

export type KeyRefusal = keyof typeof KEY_REFUSALS
