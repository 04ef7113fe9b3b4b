/**
 * Random: the only source of chance for services, so that a seeded run can be repeated. Identifiers, salts and
 * exploration draws come from here; core receives draws inside its events and never calls this.
 */
export interface Random {
  /** Uniform in [0, 1), 53 bits. */
  fraction(): number
  /** `count` uniform bytes (0 <= count <= 65,536); unpredictable in the system implementation. */
  bytes(count: number): Uint8Array
}
