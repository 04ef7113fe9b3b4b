import type { ErrorCodeEntry } from './error-code-entry.ts'

/** Codes of auctions and the market. */
export const AUCTION_ERRORS = {} as const satisfies Record<string, ErrorCodeEntry>
