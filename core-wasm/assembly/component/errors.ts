import { RETURN_AREA } from './memory'

// The cases of `error` in protocol/wit/core.wit, in order.
export const DIMS_OUT_OF_RANGE: i32 = 0
export const CAPACITY_OUT_OF_RANGE: i32 = 1
export const WRONG_LENGTH: i32 = 2
export const NOT_UNIT_LENGTH: i32 = 3
export const NOT_FINITE: i32 = 4
export const K_OUT_OF_RANGE: i32 = 5
export const FULL: i32 = 6
export const INDEX_OUT_OF_RANGE: i32 = 7
export const OUT_OF_MEMORY: i32 = 8

/** Not a case: the arguments are fine. */
export const NO_ERROR: i32 = -1

/** A `result` holds its case in byte 0 and its payload at the payload's alignment, the same for both cases. */
export function failed(error: i32, payloadAt: usize): usize {
  store<u8>(RETURN_AREA, 1)
  store<u8>(RETURN_AREA + payloadAt, error)
  return RETURN_AREA
}

export function succeededWithHandle(handle: i32): usize {
  store<u8>(RETURN_AREA, 0)
  store<i32>(RETURN_AREA, handle, 4)
  return RETURN_AREA
}

export function succeededWithList(data: usize, length: i32): usize {
  store<u8>(RETURN_AREA, 0)
  store<usize>(RETURN_AREA, data, 4)
  store<i32>(RETURN_AREA, length, 8)
  return RETURN_AREA
}
