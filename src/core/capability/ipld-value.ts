/** A link of IPLD: names bytes by their CID. */
export class IpldLink {
  /** CIDv1 in base58btc. */
  readonly cid: string

  constructor(cid: string) {
    this.cid = cid
  }
}

/** What a token carries: the data model of IPLD. Integers beyond 2^53 - 1 are bigint, others number. */
export type IpldValue =
  | null
  | boolean
  | number
  | bigint
  | string
  | Uint8Array
  | IpldLink
  | readonly IpldValue[]
  | IpldMap

export type IpldMap = { readonly [key: string]: IpldValue }

export function isIpldList(value: IpldValue): value is readonly IpldValue[] {
  return Array.isArray(value)
}

export function isIpldMap(value: IpldValue | undefined): value is IpldMap {
  return (
    typeof value === 'object' &&
    value !== null &&
    !Array.isArray(value) &&
    !(value instanceof Uint8Array) &&
    !(value instanceof IpldLink)
  )
}

/** The member of a map; `undefined` where it has none of this name. */
export function memberOf(map: IpldMap, key: string): IpldValue | undefined {
  return Object.hasOwn(map, key) ? map[key] : undefined
}

export function isIpldNumber(value: IpldValue): value is number | bigint {
  return typeof value === 'number' || typeof value === 'bigint'
}

/** An integer in its one form: a number as long as that is exact. */
export function ipldInteger(value: bigint): IpldValue {
  const isExact = value >= BigInt(Number.MIN_SAFE_INTEGER) && value <= BigInt(Number.MAX_SAFE_INTEGER)
  return isExact ? Number(value) : value
}
