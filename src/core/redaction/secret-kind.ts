/** What a text may hold that is to stay inside. */
export const SECRET_KINDS = ['private-key', 'api-key', 'bearer', 'jwt', 'password', 'email', 'card', 'iban'] as const

export type SecretKind = (typeof SECRET_KINDS)[number]

/** Where one lies: UTF-16 units from `start` to before `end`. */
export type FoundSecret = { readonly kind: SecretKind; readonly start: number; readonly end: number }
