import type * as PostgresModule from 'pg'
import { CodedError } from '../../base/errors.ts'

export type Postgres = Pick<typeof PostgresModule, 'Client' | 'Pool'>

/** The client library, which is optional and loaded here only. Throws `STORE_PACKAGE_MISSING`. */
export async function loadPostgres(): Promise<Postgres> {
  try {
    return await import('pg')
  } catch (cause: unknown) {
    throw new CodedError('STORE_PACKAGE_MISSING', { message: 'PostgreSQL needs the package `pg`', cause })
  }
}
