import { isAbsolute, resolve } from 'node:path'
import { CodedError } from '../../base/errors.ts'
import { amountFromUsd, type Amount } from '../../base/money.ts'
import type { UsdDocument } from './config-document.ts'

/** A `CONFIG_INVALID` about the member at this path of the configuration. `what` goes on from its name, without a full stop. */
export function contradiction(key: string, what: string): CodedError {
  return new CodedError('CONFIG_INVALID', { message: `\`${key}\` ${what}.`, details: { key } })
}

/** Throws `CONFIG_INVALID`. */
export function toAmount(usd: UsdDocument, key: string): Amount {
  const amount = amountFromUsd(usd)
  if (amount === undefined)
    throw new CodedError('CONFIG_INVALID', {
      message: `\`${key}\` is not an amount of dollars: ${usd}.`,
      details: { key },
    })
  return amount
}

export function absolute(path: string, baseDir: string): string {
  return isAbsolute(path) ? path : resolve(baseDir, path)
}
