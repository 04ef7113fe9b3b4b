/** A type that only its own parser can make: `Brand<string, 'EscrowId'>` is a string that has been checked. */
export type Brand<Value, Name extends string> = Value & { readonly __brand: Name }
