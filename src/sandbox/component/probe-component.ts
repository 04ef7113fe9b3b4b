/** A component that adds, to see whether components run here. A test translates the text and compares. */
export const PROBE_TEXT = `(component
  (core module $m
    (func (export "add") (param i32 i32) (result i32) local.get 0 local.get 1 i32.add))
  (core instance $i (instantiate $m))
  (func (export "add") (param "left" s32) (param "right" s32) (result s32) (canon lift (core func $i "add"))))`

/** Its bytes, in base64. */
export const PROBE_BASE64 =
  'AGFzbQ0AAQABNABhc20BAAAAAQcBYAJ/fwF/AwIBAAcHAQNhZGQAAAoJAQcAIAAgAWoLAAkEbmFtZQACAW0CBAEAAAAHEgFAAgRs' +
  'ZWZ0egVyaWdodHoAegYJAQAAAQADYWRkCAYBAAAAAAALCQEAA2FkZAEAAAAfDmNvbXBvbmVudC1uYW1lAQYAEQEAAW0BBgASAQAB' +
  'aQ=='
