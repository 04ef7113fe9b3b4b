/**
 * A type that only its own parser can make: `Brand<string, 'EscrowId'>` is a string that has been checked. Brands add up: a brand of a branded type is both.
 */
export type Brand<Value, Name extends string> = Value & { readonly __brand: { readonly [Key in Name]: true } }
